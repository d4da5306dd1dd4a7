import { afterEach, beforeEach, expect, it } from 'vitest';
import { bodyOf } from '../support/ledger.ts';
import { ServedBridge } from '../support/served-bridge.ts';

let bridge: ServedBridge;
beforeEach(async () => {
  bridge = await ServedBridge.start({
    service: `attribute_limits: {tags: 2}
  pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}`,
  });
});
afterEach(() => bridge.remove());

const limits = (...args: string[]) => bridge.cli('limits', ...args);

it('shows how full the bounds of each Couic are, fullest first, while the bridge runs and after', async () => {
  expect(await limits('--config', 'c.yaml')).toEqual({ code: 0, out: '', err: 'No Couic has sent a report yet.\n' });
  const body = bodyOf(['a', 'b', 'c'].map((tag, i) => ({ tag, cidr: `10.0.0.${i}/32` })));
  expect((await fetch(bridge.url, { method: 'POST', body })).status).toBe(200);
  const shown = await limits('--config', 'c.yaml');
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out.split('\n').slice(0, 3)).toEqual([
    'component  instance  what               used  of      full   beyond  option',
    'couic      couic     tags               2     2       100 %  1       service.attribute_limits.tags',
    'couic      couic     series             3     10000   0 %    0       service.attribute_limits.series',
  ]);
  expect(shown.out).toContain('couic      couic     drop rules ipv4    3     262144  0 %    0       -\n');
  expect(await limits('--state', `${bridge.directory}/data`)).toEqual(shown);
  await bridge.service.shutdown();
  expect(await limits('--config', 'c.yaml')).toEqual(shown);
});
