import { describe, expect, it } from 'vitest';
import { type OriginRule, Origins, originProblems, star } from '../../../../plugins/exporters/crowdsec/origins.ts';

it('names origins by tag without any rule', () => {
  const origins = new Origins([]);
  const of = (tag: string) => origins.ofTag(tag).origin;
  expect(['ssh', 'untagged', 'spamhaus.couic', '_OTHER', ''].map(of)).toEqual([
    'couic:ssh',
    'couic',
    'couic:set:spamhaus',
    'couic-other',
    'couic:',
  ]);
  expect(origins.ofTag('ssh').remediation).toBe('ban');
});

it('takes the first rule that matches, and fills its * in', () => {
  const origins = new Origins([
    { tag: 'fail2ban-sshd', origin: 'sshd' },
    { tag: 'fail2ban-*', origin: 'fail2ban:*' },
    { tag: '*-manual', origin: 'cscli', remediation: 'captcha' },
    { tag: 'untagged', origin: 'crowdsec' },
  ]);
  expect(origins.ofTag('fail2ban-sshd').origin).toBe('sshd');
  expect(origins.ofTag('fail2ban-$&').origin).toBe('fail2ban:$&');
  expect(origins.ofTag('fail2ban').origin).toBe('couic:fail2ban');
  expect(origins.ofTag('x-manual')).toEqual({ origin: 'cscli', remediation: 'captcha' });
  expect(origins.ofTag('untagged').origin).toBe('crowdsec');
  expect(origins.named('couic')).toEqual({ origin: 'couic', remediation: 'ban' });
});

it('gives an origin one remediation, though two rules lead to it', () => {
  const origins = new Origins([{ tag: 'old-*', origin: 'couic:*', remediation: 'captcha' }]);
  expect(origins.ofTag('old-ssh')).toEqual({ origin: 'couic:ssh', remediation: 'captcha' });
  expect(origins.ofTag('ssh')).toEqual({ origin: 'couic:ssh', remediation: 'captcha' });
});

it('never makes an origin of a pattern that stands for what was let through, or for nothing', () => {
  const origins = new Origins([
    { tag: 'a-*', origin: '*' },
    { tag: '*', origin: 'rest' },
  ]);
  const of = (tag: string) => origins.ofTag(tag).origin;
  expect(['a-b', 'a-clean', 'a-'].map(of)).toEqual(['b', 'rest', 'rest']);
});

it.each([
  ['a', 'a', ''],
  ['a', 'ab', undefined],
  ['*', '', ''],
  ['*', 'abc', 'abc'],
  ['a*c', 'abc', 'b'],
  ['a*c', 'ac', ''],
  ['a*a', 'a', undefined],
  ['ab*ba', 'aba', undefined],
  ['a*', 'ba', undefined],
  ['*a', 'ab', undefined],
])('%s stands for %s with %s', (pattern, text, found) => {
  expect(star(pattern, text)).toBe(found);
});

describe('rules of origins', () => {
  const said = (...rules: OriginRule[]) =>
    originProblems(rules).map(({ index, option, message }) => `${index} ${option}: ${message}`);
  const long = (length: number) => 'x'.repeat(length);

  it('may be these', () => {
    expect(
      said(
        { tag: 'a*', origin: 'b*', remediation: 'captcha' },
        { tag: 'c', origin: 'd' },
        { tag: 'e', origin: 'd', remediation: 'ban' },
        { tag: 'f', origin: long(255) },
        { tag: 'g*', origin: `${long(174)}*` },
        { tag: 'h', origin: 'h', remediation: long(255) },
      ),
    ).toEqual([]);
  });

  it.each([
    [{ tag: 'a**', origin: 'b' }, '0 tag: "a**" has more than one *: write one rule for each form of the tag'],
    [{ tag: 'a', origin: 'b*' }, '0 origin: "b*" has a * and the tag "a" has none to fill it'],
    [{ tag: 'a', origin: long(256) }, '0 origin: can become 256 characters long; CrowdSec takes 255'],
    [{ tag: 'a*', origin: `${long(175)}*` }, '0 origin: can become 256 characters long; CrowdSec takes 255'],
    [
      { tag: 'a', origin: 'b', remediation: long(256) },
      '0 remediation: is longer than the 255 characters CrowdSec takes',
    ],
    [{ tag: 'a', origin: 'clean' }, `0 origin: "clean" is CrowdSec's name for what was let through`],
    [
      { tag: 'a', origin: 'b', remediation: 'bypass' },
      `0 remediation: "bypass" is CrowdSec's name for letting through; a drop rule does the opposite`,
    ],
  ])('may not be %j', (rule, problem) => {
    expect(said(rule)).toEqual([problem]);
  });

  it('may not fill more than one *, nor give an origin two remediations', () => {
    expect(said({ tag: 'a*b*', origin: '*c*' })).toEqual([
      expect.stringContaining('0 tag: '),
      '0 origin: "*c*" has more than one *',
    ]);
    const ban = { tag: 'a', origin: 'o' };
    const captcha = { tag: 'b', origin: 'o', remediation: 'captcha' };
    expect(said(ban, captcha, ban, captcha)).toEqual([
      expect.stringMatching(/^1 remediation: .* "o" is "ban" in origins\[0\] and "captcha" here$/),
      expect.stringMatching(/^3 remediation: .* "o" is "ban" in origins\[0\] and "captcha" here$/),
    ]);
  });
});
