import { expect, it } from 'vitest';
import type { ShownWindow, WindowList } from '../../../../plugins/exporters/crowdsec/window-list.ts';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;

let host: Host;
eachHost((made) => {
  host = made;
});

const ask = (operation: string, number: number | null = null) =>
  host.crowdsec.operations[`windows.${operation}`]!(number);
const list = async () => (await ask('list')) as WindowList;

it('lists what waits and what was refused in the order of sealing, and sends again what was refused alone', async () => {
  await host.start({ name: 'gäte' });
  for (let n = 0; n < 300; n++) host.lapi.faults.push({ kind: 'status', status: 503 });
  for (let n = 1; n <= 3; n++) {
    await host.report({ policy: 'ignore', cidr: `10.0.0.${n}/32` });
    await host.pass(HALF_HOUR);
  }
  host.lapi.faults.splice(0, Number.POSITIVE_INFINITY, { kind: 'status', status: 422, body: '{"message":"no"}' });
  host.lapi.faults.push({ kind: 'status', status: 201 }, { kind: 'status', status: 503 });
  for (let n = 0; n < 300; n++) host.lapi.faults.push({ kind: 'status', status: 503 });
  await host.pass(60_000);

  const { windows, lastNumber, dryRun, lastSentAt } = await list();
  expect(windows.map(({ number, state, reason }) => [number, state, reason])).toEqual([
    [1, 'quarantined', '422 no'],
    [3, 'waiting', undefined],
  ]);
  expect([lastNumber, dryRun, lastSentAt]).toEqual([3, false, expect.any(Number)]);
  const { body, bytes } = (await ask('show', 3)) as ShownWindow;
  expect(bytes).toBe(Buffer.byteLength(body));
  expect(body).toContain('"name":"gäte"');

  await expect(ask('show', 2)).rejects.toThrow('there is no window 2 that waits or is quarantined');
  await expect(ask('resend', 2)).rejects.toThrow('there is no window 2 that waits or is quarantined');
  await expect(ask('resend', 3)).rejects.toThrow('window 3 waits already: it is sent until LAPI takes it');
  await ask('resend', 1);
  expect((await list()).windows.map(({ number, state }) => [number, state])).toEqual([
    [1, 'waiting'],
    [3, 'waiting'],
  ]);
});
