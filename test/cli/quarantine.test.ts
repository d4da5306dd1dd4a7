import { afterEach, beforeEach, expect, it } from 'vitest';
import { bodyOf } from '../support/ledger.ts';
import { ServedBridge } from '../support/served-bridge.ts';

let bridge: ServedBridge;
beforeEach(async () => {
  bridge = await ServedBridge.start();
});
afterEach(() => bridge.remove());

const quarantine = (...args: string[]) => bridge.cli('quarantine', ...args);

it('shows what was put aside, by its configuration and by its state', async () => {
  expect(await quarantine('--config', 'c.yaml')).toEqual({
    code: 0,
    out: '',
    err: 'No report was put aside.\n',
  });
  const body = bodyOf([{ cidr: '10.0.0.1/33' }, { cidr: '10.0.0.1/32' }]);
  expect(await (await fetch(bridge.url, { method: 'POST', body })).json()).toEqual({
    accepted: 1,
    replayed: 0,
    quarantined: 1,
  });
  const shown = await quarantine('--config', 'c.yaml');
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(shown.out)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    instance: 'couic',
    reason: 'bad_cidr',
    text: bodyOf([{ cidr: '10.0.0.1/33' }]).slice(1, -1),
  });
  expect(await quarantine('--state', `${bridge.directory}/data`)).toEqual(shown);
  // Over a restart, too.
  await bridge.service.shutdown();
  expect(await quarantine('--config', 'c.yaml')).toEqual(shown);
});
