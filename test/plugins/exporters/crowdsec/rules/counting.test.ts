import { afterEach, beforeEach, expect, test } from 'vitest';
import { Host } from '../harness.ts';
import { ForeignSeries } from './foreign-series.ts';

const MINUTE = 60_000;
const BLOCKED = { match: 'gate.blocked', item: 'dropped', origin: '${attributes:origin}' };
const REQUESTS = { match: 'gate.requests', item: 'processed' };
const RULES = { interval: '1m', metrics: [BLOCKED, REQUESTS] };

let host: Host;
let gates: ForeignSeries;

beforeEach(async () => {
  host = new Host();
  await host.lapi.start();
  host.receivers = ['receiver/otlp'];
  gates = new ForeignSeries();
  host.producers = [gates];
});
afterEach(async () => {
  await host.stop().catch(() => {});
  await host.close();
});

const shown = () => host.lapi.counts();

test('windows tell what others counted, beside what Couic did', async () => {
  await host.start(RULES);
  await host.report({ cidr: '192.0.2.1/32', tag: 'ssh' });
  gates.add('a', 'gate.blocked', { origin: 'CAPI' }, 3);
  gates.add('a', 'gate.requests', {}, 10);
  await host.pass(MINUTE);
  expect(shown()).toEqual({
    '': { processed: { report: 1, request: 10 } },
    CAPI: { dropped: { request: 3 } },
    'couic:ssh': { dropped: { report: 1 }, active_decisions: { ip: 1 } },
  });
});

test('equal series of two resources are two, and one that is forgotten takes nothing from the other', async () => {
  await host.start(RULES);
  for (const gate of ['a', 'b']) gates.add(gate, 'gate.blocked', { origin: 'CAPI' }, 100);
  await host.pass(MINUTE);
  expect(shown()).toEqual({ CAPI: { dropped: { request: 200 } } });
  gates.forget('a');
  gates.add('b', 'gate.blocked', { origin: 'CAPI' }, 1);
  await host.pass(MINUTE);
  expect(shown()).toEqual({ CAPI: { dropped: { request: 201 } } });
  gates.add('a', 'gate.blocked', { origin: 'CAPI' }, 5, host.time.now());
  await host.pass(MINUTE);
  expect(shown()).toEqual({ CAPI: { dropped: { request: 206 } } });
});

test('each is counted once over kills, whenever they come', async () => {
  await host.start(RULES);
  let model = 0;
  for (let round = 1; round <= 8; round++) {
    gates.add('a', 'gate.blocked', { origin: 'CAPI' }, round);
    gates.add('b', 'gate.blocked', { origin: 'CAPI' }, round);
    model += 2 * round;
    if (round % 2 === 0) await host.pass(MINUTE / 2);
    await (round % 3 === 0 ? host.stop() : host.kill());
    await host.start(RULES);
    await host.pass(round % 2 === 0 ? MINUTE : MINUTE / 3);
  }
  await host.pass(2 * MINUTE);
  expect(shown()).toEqual({ CAPI: { dropped: { request: model } } });
});

test('a rule for a further metric begins where that stands; a change of where or item sends nothing again', async () => {
  gates.add('a', 'gate.requests', {}, 1000);
  await host.start({ interval: '1m', metrics: [BLOCKED] });
  gates.add('a', 'gate.blocked', { origin: 'CAPI', zone: 'x' }, 5);
  await host.pass(MINUTE);
  await host.stop();

  await host.start(RULES);
  gates.add('a', 'gate.requests', {}, 7);
  await host.pass(MINUTE);
  expect(shown()).toEqual({ '': { processed: { request: 7 } }, CAPI: { dropped: { request: 5 } } });
  await host.stop();

  await host.start({ interval: '1m', metrics: [{ ...BLOCKED, where: { zone: 'x' }, origin: 'gate' }, REQUESTS] });
  gates.add('a', 'gate.blocked', { origin: 'CAPI', zone: 'x' }, 2);
  await host.pass(MINUTE);
  expect(shown()).toEqual({
    '': { processed: { request: 7 } },
    CAPI: { dropped: { request: 5 } },
    gate: { dropped: { request: 2 } },
  });
});

test('a rule that fits a metric of Couic comes before its own mapping', async () => {
  await host.start({
    interval: '1m',
    metrics: [
      { match: 'couic.rule.*', item: 'none' },
      { match: 'couic.reports', where: { 'couic.report.action': 'add' }, item: 'dropped', origin: 'all', unit: 'rule' },
    ],
  });
  await host.report({ cidr: '192.0.2.1/32', tag: 'ssh' }, { cidr: '192.0.2.2/32', tag: 'web' });
  await host.pass(MINUTE);
  expect(shown()).toEqual({ all: { dropped: { rule: 2 } } });
});

test('a gauge that a receiver shows no more ends with a 0, and one that a rule makes a count of is left out', async () => {
  await host.start({
    interval: '1m',
    metrics: [
      { match: 'gate.banned', item: 'active_decisions', origin: 'gate' },
      { match: 'gate.level', item: 'processed' },
    ],
  });
  gates.set('a', 'gate.banned', {}, 4);
  gates.set('b', 'gate.banned', {}, 2);
  gates.set('a', 'gate.level', {}, 9);
  await host.pass(MINUTE);
  expect(shown()).toEqual({ gate: { active_decisions: { ip: 6 } } });
  expect(host.warnings).toEqual([expect.stringContaining('gate.level: a gauge maps to "processed"')]);
  gates.forget('a');
  gates.forget('b');
  await host.pass(MINUTE);
  expect(shown()).toEqual({ gate: { active_decisions: { ip: 0 } } });
});

test('origins of others beyond max_origins share one, and take none from Couic', async () => {
  await host.start({ ...RULES, max_origins: 2 });
  for (const origin of ['a', 'b', 'c', 'd']) gates.add('x', 'gate.blocked', { origin }, 1);
  await host.report({ cidr: '192.0.2.1/32', tag: 'ssh' }, { cidr: '192.0.2.2/32', tag: 'web' });
  await host.pass(MINUTE);
  expect(Object.keys(shown()).sort()).toEqual(['', 'a', 'b', 'couic-other', 'couic:ssh', 'couic:web']);
  expect(shown()['couic-other']).toEqual({ dropped: { request: 2 } });
});

test('a preview has all totals, and what counts as nothing; LAPI is told nothing by it', async () => {
  gates.add('a', 'gate.blocked', { origin: 'CAPI' }, 3);
  gates.add('a', 'gate.requests', {}, 10);
  gates.add('a', 'gate.bytes', { way: 'in' }, 10);
  gates.add('a', 'gate.bytes', { way: 'out' }, 10);
  await host.start({ ...RULES, metrics: [BLOCKED, { ...REQUESTS, where: { path: '/' } }] });
  expect(await host.crowdsec.operations['windows.preview']!(null)).toEqual({
    counts: { CAPI: { dropped: { request: 3 } } },
    since: 1,
    more: false,
    leftOut: [],
    unused: [
      { metric: 'gate.bytes', series: 2 },
      { metric: 'gate.requests', series: 1 },
    ],
  });
  await host.pass(MINUTE);
  expect(shown()).toEqual({});
});
