import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventsOf } from '../../src/events/decode.ts';
import type { CouicEvent } from '../../src/events/event.ts';
import { EmbeddedEngine } from '../../src/log/embedded/engine.ts';
import { FAULT_POINTS, type FaultPoint } from '../../src/log/embedded/faults.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { ERASE_OPERATION, type Erased } from '../../src/service/admin/erase.ts';
import { type Explanation, RULE_OPERATIONS } from '../../src/service/admin/rules.ts';
import { Health } from '../../src/telemetry/health.ts';
import { found } from '../support/found-in-files.ts';
import { bodyOf, ManualClock, newLedger, pieces, reportText } from '../support/ledger.ts';

const never = new AbortController().signal;
const logger = pino({ enabled: false });

function newDirectory(): string {
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = mkdtempSync(join(root, 'erase-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(directory: string, faults?: (point: FaultPoint) => void, clock = new ManualClock()) {
  const engine = new EmbeddedEngine({ directory, clock, health: new Health(), logger, ...(faults && { faults }) });
  const log = new LogRunner({ engine, clock, logger });
  const { ledger } = newLedger(log, clock, { hasEvents: true });
  const reader = log.reader('siem');
  await log.load();
  const stop = async (deadline?: AbortSignal) => {
    await ledger.stop();
    await log.close(deadline);
  };
  onTestFinished(() => stop(AbortSignal.abort()));
  const start = async () => {
    await ledger.start();
    await ledger.lead();
    return { directory, clock, log, ledger, reader, stop };
  };
  return start();
}

type Opened = Awaited<ReturnType<typeof opened>>;

const erase = ({ ledger }: Opened, argument: object) =>
  ledger.operations[ERASE_OPERATION]!(argument) as Promise<Erased>;

/** All that waits for the reader, up to the end. */
async function waiting({ log, reader }: Opened): Promise<CouicEvent[]> {
  const events: CouicEvent[] = [];
  const { last } = log.extents.at(-1)!;
  const end = Math.max(last, log.position);
  for await (const entry of reader.read(never)) {
    events.push(...eventsOf(entry, log.identity.logId));
    if (entry.position >= end) break;
  }
  return events;
}

const V4 = '198.51.100.77';
const V6 = '2001:db8:5:6::7a7b';

function withDetail(cidr: string, detail: string, tag: string | null = 'scanner') {
  const report = JSON.parse(reportText({ cidr, tag }));
  return { ...report, metadata: { kind: 'ssh', detail, extra: { raw: Buffer.from(detail).toString('base64') } } };
}

/** An address in all the places that there are: rules, metadata of others, what is not valid, removals that came too early. */
async function fill({ ledger, clock }: Opened): Promise<void> {
  const send = (reports: readonly unknown[]) => ledger.ingest('edge', pieces(JSON.stringify(reports)));
  await send([
    withDetail(`${V4}/32`, `login from ${V4}`),
    withDetail('203.0.113.9/32', `seen beside ${V4} and ${V6}`),
    withDetail(`${V6}/128`, `login from [${V6}]:22`),
    withDetail('198.51.100.0/24', 'a network around'),
  ]);
  await send([{ ...withDetail(`${V4}/32`, 'x'), action: 'block' }, withDetail(`${V6}/129`, 'y')]);
  clock.advance(1000);
  // Removed before it was added: kept for a minute.
  await send([JSON.parse(reportText({ cidr: `${V4}/32`, action: 'remove', creation: 1_704_067_290 }))]);
  await send([
    JSON.parse(reportText({ cidr: `${V4}/32`, action: 'remove' })),
    JSON.parse(reportText({ cidr: `${V6}/128`, action: 'remove' })),
  ]);
}

const told = (events: readonly CouicEvent[]) =>
  events.map((event) => [
    event.id.split('-').slice(-2).join('-'),
    'network' in event ? event.network!.text : event.name,
  ]);

it('nothing of an address is left in any file, and what waits for readers keeps its places', async () => {
  const bridge = await opened(newDirectory());
  await fill(bridge);
  const before = await waiting(bridge);
  expect(found(bridge.directory, V4, V6).length).toBeGreaterThan(4);
  const erased = await erase(bridge, { network: V4 });
  expect(erased).toMatchObject({ what: `${V4}/32`, stillIn: [], inForce: [] });
  expect(erased.entries).toBeGreaterThanOrEqual(4);
  expect(erased.around.map(({ network }) => network)).toEqual(['198.51.100.0/24']);
  expect(found(bridge.directory, V4)).toEqual([]);
  await erase(bridge, { network: V6 });
  expect(found(bridge.directory, V4, V6)).toEqual([]);

  const after = await waiting(bridge);
  const others = before.filter((event) => !('network' in event) || !/77|7a7b/.test(event.network!.text));
  expect(told(after)).toEqual(told(others));
  const beside = after.find((event) => 'network' in event && event.network!.text === '203.0.113.9/32')!;
  expect(beside).toMatchObject({ metadata: { kind: 'ssh', detail: expect.stringMatching(/^seen beside +and +$/) } });
  expect(after.filter(({ name }) => name === 'couic.report.quarantined')).toMatchObject([
    { text: null },
    { text: null },
  ]);
  expect(bridge.ledger.quarantined()).toEqual([]);
  const explain = bridge.ledger.operations[RULE_OPERATIONS.explain]!({ network: V4 }) as Promise<Explanation>;
  expect((await explain).history.events.map(({ network }) => network)).toEqual(['198.51.100.0/24']);

  // It may come again, and a restart reads all of it.
  await bridge.ledger.ingest('edge', pieces(bodyOf([{ cidr: `${V4}/32`, creation: 1_704_067_299 }])));
  expect(bridge.ledger.ruleCounts('edge')).toEqual({ drop: 3, ignore: 0 });
  await bridge.stop();
  const again = await opened(bridge.directory);
  expect(again.ledger.ruleCounts('edge')).toEqual({ drop: 3, ignore: 0 });
  expect(told(await waiting(again)).slice(0, after.length)).toEqual(told(after));
});

it('a rule in force stays, and is named', async () => {
  const bridge = await opened(newDirectory());
  await bridge.ledger.ingest(
    'edge',
    pieces(
      bodyOf([
        { cidr: `${V4}/32`, tag: 'a' },
        { cidr: '198.51.100.1/32', tag: 'b' },
      ]),
    ),
  );
  const erased = await erase(bridge, { network: '198.51.100.0/24' });
  expect(erased.inForce.map(({ network }) => network)).toEqual([`${V4}/32`, '198.51.100.1/32']);
  expect(bridge.ledger.ruleCounts('edge')).toEqual({ drop: 2, ignore: 0 });
  // Held as a rule, and as nothing else.
  expect(found(bridge.directory, V4)).toEqual([expect.stringMatching(/snapshot as words, low byte first$/)]);
});

it('a tag goes from events and state unless a rule in force has it', async () => {
  const bridge = await opened(newDirectory());
  const holding = () =>
    readdirSync(bridge.directory).filter((name) => readFileSync(join(bridge.directory, name)).includes('alice-bob'));
  const report = { cidr: `${V4}/32`, tag: 'alice-bob' };
  await bridge.ledger.ingest('edge', pieces(bodyOf([report, { cidr: '203.0.113.9/32', tag: 'other' }])));
  expect((await erase(bridge, { tag: 'alice-bob' })).inForce).toMatchObject([
    { network: `${V4}/32`, tag: 'alice-bob' },
  ]);
  expect(holding()).toEqual([expect.stringMatching(/snapshot$/)]);
  await bridge.ledger.ingest('edge', pieces(bodyOf([{ ...report, action: 'remove' }])));
  expect(await erase(bridge, { tag: 'alice-bob' })).toMatchObject({ what: 'tag alice-bob', inForce: [], stillIn: [] });
  expect(holding()).toEqual([]);
  expect(told(await waiting(bridge)).map(([, network]) => network)).toEqual(['203.0.113.9/32']);
});

describe('an end of the process while something is erased', () => {
  it.each(FAULT_POINTS)('at %s is made up for by the next start', async (fatal) => {
    const left: string[] = [];
    let armed = false;
    const directory = newDirectory();
    const bridge = await opened(directory, (point) => {
      if (!armed || point !== fatal) return;
      const copy = newDirectory();
      for (const name of readdirSync(directory))
        if (name !== 'lock') copyFileSync(join(directory, name), join(copy, name));
      left.push(copy);
    });
    await fill(bridge);
    const before = told(await waiting(bridge)).filter(([, network]) => !network!.includes(V4));
    armed = true;
    await erase(bridge, { network: V4 });
    armed = false;
    expect(found(directory, V4)).toEqual([]);
    await bridge.stop(AbortSignal.abort());
    // A reader holds back all of the log.
    expect(left.length > 0).toBe(fatal !== 'during-trim');
    for (const copy of left) {
      const next = await opened(copy);
      expect(found(copy, V4)).toEqual([]);
      expect(told(await waiting(next))).toEqual(before);
      expect(await next.log.unfinished()).toBeUndefined();
      await next.stop(AbortSignal.abort());
    }
  });
});
