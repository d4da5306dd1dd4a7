import { expect, it } from 'vitest';
import type { Fault } from '../../../support/lapi/faults.ts';
import { Host } from './harness.ts';

const MINUTE = 60_000;
const RUNS = 200;

/** Everything that can come between a window and its 201, one after the other. */
const SCRIPT: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 403, body: '{"message":"access forbidden"}' },
  { kind: 'delay', ms: 1 },
  { kind: 'lost' },
  { kind: 'status', status: 429 },
  { kind: 'reset' },
  { kind: 'lost' },
  { kind: 'redirect', location: 'https://elsewhere.example/' },
  { kind: 'html', status: 400 },
  { kind: 'slow', ms: 1 },
];

it(`leaves no difference after the fault script, ${RUNS} times over, with restarts and power cuts`, async () => {
  const host = new Host();
  await host.lapi.start();
  await host.start({ interval: '1m' });
  let reports = 0;
  const report = () => host.report({ tag: `t${reports % 5}`, cidr: `10.${reports >> 8}.${reports++ & 255}.0/24` });
  for (let run = 0; run < RUNS; run++) {
    host.lapi.faults.push(...SCRIPT);
    while (host.lapi.faults.length > 0) {
      await report();
      await host.pass(MINUTE);
    }
    if (run % 10 === 9) await host.stop();
    else if (run % 10 === 4) host.crash();
    else continue;
    await host.start({ interval: '1m' });
  }
  await host.pass(5 * MINUTE);
  const counts = host.lapi.counts();
  const copies = host.lapi.pushes.length - new Set(host.lapi.pushes.map(({ windows }) => JSON.stringify(windows))).size;
  await host.stop();
  await host.close();
  expect(copies).toBeGreaterThan(RUNS);
  expect(counts['']).toEqual({ processed: { report: reports } });
  for (let t = 0; t < 5; t++) {
    const every = { dropped: { report: reports / 5 }, active_decisions: { ip: reports / 5 } };
    expect(counts[`couic:t${t}`]).toEqual(every);
  }
}, 120_000);
