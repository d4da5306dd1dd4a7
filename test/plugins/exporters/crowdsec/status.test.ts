import { expect, it } from 'vitest';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;

let host: Host;
eachHost((made) => {
  host = made;
});

const status = () => host.crowdsec.status();
const rows = () =>
  status().panels![0]!.rows.map(({ cells, more }) => [cells[0], cells[3], more!.rows.map((row) => row.cells[0])]);

it('shows the newest windows with their items, and what became of each', async () => {
  await host.start({ heartbeat: false });
  expect(status()).toMatchObject({ queue: { size: 0, unit: 'windows', oldest: 0 }, lastSuccess: null, trouble: null });
  expect(status().panels![0]).toMatchObject({ rows: [], empty: expect.stringContaining('30m') });
  await host.report({ cidr: '10.0.0.1/32' });
  await host.pass(HALF_HOUR);
  expect(rows()).toEqual([['1', 'taken by LAPI', ['dropped', 'processed', 'active_decisions']]]);
  expect(status().lastSuccess).not.toBeNull();

  host.lapi.faults.push({ kind: 'status', status: 422, body: '{"message":"no"}' });
  await host.report({ cidr: '10.0.0.2/32' });
  await host.pass(HALF_HOUR);
  for (let i = 0; i < 300; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
  await host.report({ cidr: '10.0.0.3/32' });
  await host.pass(HALF_HOUR + 60_000);
  expect(rows().map(([number, fate]) => [number, fate])).toEqual([
    ['3', 'waits for LAPI'],
    ['2', 'refused by LAPI: 422 no'],
    ['1', 'taken by LAPI'],
  ]);
  expect(status()).toMatchObject({ queue: { size: 1, oldest: 60 }, trouble: expect.stringContaining('503') });
});

it('of very many windows the newest are shown, and how many more there are', async () => {
  await host.start({ heartbeat: false });
  for (let i = 0; i < 3000; i++) host.lapi.faults.push({ kind: 'status', status: 503 });
  for (let window = 1; window <= 12; window++) {
    await host.report({ cidr: `10.0.0.${window}/32` });
    await host.pass(HALF_HOUR);
  }
  expect(rows().map(([number]) => number)).toEqual(['12', '11', '10', '9', '8', '7', '6', '5', '4', '3']);
  expect(status().panels![0]!.leftOut).toBe(2);
});

it('in a dry run says how to send for real, and shows what would be sent', async () => {
  await host.start({ dry_run: true });
  await host.report({ cidr: '10.0.0.1/32' });
  await host.pass(HALF_HOUR);
  expect(rows().map(([number, fate]) => [number, fate])).toEqual([['1', 'logged: dry run']]);
  expect(status()).toMatchObject({
    trouble: null,
    note: expect.stringContaining('Dry run'),
    steps: [{ paste: { where: 'shell', lines: 'sudo cscli bouncers add couic-otel-bridge' } }],
  });
});
