import { expect, test } from 'vitest';
import { Origins, originProblems } from '../../plugins/exporters/crowdsec/origins.ts';

test.each([
  [{ tag: 'x*', origin: '*' }, 'xclean'],
  [{ tag: 'x*', origin: 'cl*' }, 'xean'],
  [{ tag: '*x', origin: '*n' }, 'cleax'],
  [{ tag: 'x*', origin: '*' }, 'x'],
])('%j makes of %s nothing that may not be written out', (rule, tag) => {
  expect(originProblems([rule])).toEqual([]);
  const origins = new Origins([rule, { tag: 'x', origin: 'second', remediation: 'captcha' }]);
  const { origin } = origins.ofTag(tag);
  expect(origin).toBe(tag === 'x' ? 'second' : `couic:${tag}`);
});
