import { afterEach, describe, expect, test } from 'vitest';
import { LEASE_TOPIC, Lease } from '../../src/log/lease.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { FakeTime, until } from '../support/fake-time.ts';
import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  open = [];
});

/** A bridge of its own time on a log: its appends can be told to fail, and its clock to be wrong. */
async function bridge(memory: MemoryLog, name: string, earlierRun?: string) {
  const time = new FakeTime();
  const state = { failing: false, lost: [] as string[], errors: [] as string[], lines: [] as string[] };
  const engine = new MemoryEngine(memory, {
    now: () => memoryTime,
    commit: async () => {
      if (state.failing) throw new Error('no quorum');
    },
  });
  const say = (text: unknown) => void state.lines.push(String(text));
  const logger = { info: say, warn: say, error: ((text: string) => void state.errors.push(text)) as never };
  const lease = new Lease({ clock: time, logger, sleep: time.sleep, onLost: (why) => void state.lost.push(why) });
  const runner = new LogRunner({ engine, clock: time, logger, tends: () => lease.held });
  runner.attach(LEASE_TOPIC, lease);
  await runner.load();
  const result: { acquired: boolean | undefined } = { acquired: undefined };
  const begin = () => {
    void lease.acquire(runner.topic(LEASE_TOPIC), name, earlierRun).then((acquired) => {
      result.acquired = acquired;
    });
  };
  open.push({
    async close() {
      state.failing = true;
      await lease.end();
      await runner.close(AbortSignal.abort());
    },
  });
  return { time, state, lease, result, begin, renewals: () => memory.entries.length };
}

let memoryTime = 0;
type Bridge = Awaited<ReturnType<typeof bridge>>;

/** Lets so many ms pass at all of them, in steps in which what is due is done. */
async function pass(ms: number, ...bridges: Bridge[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    memoryTime += 500;
    for (const { time } of bridges) time.advance(500);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function holderAndWaiter() {
  const memory = new MemoryLog();
  const one = await bridge(memory, 'one');
  memoryTime = one.time.now();
  one.begin();
  await until(() => one.lease.held, 'the lease');
  const two = await bridge(memory, 'two');
  two.begin();
  await pass(2500, one, two);
  return { memory, one, two };
}

describe('the lease of a log', () => {
  test('is had by one of two, and renewed', async () => {
    const { one, two, memory } = await holderAndWaiter();
    const before = memory.last;
    await pass(30_000, one, two);
    expect([one.lease.held, two.lease.held]).toEqual([true, false]);
    expect([one.result.acquired, two.result.acquired]).toEqual([true, undefined]);
    expect(two.lease.holder).toEqual(one.lease.holder);
    expect(two.lease.holder).toMatchObject({ bridge: 'one', since: memory.entries[0]!.time });
    expect(memory.last - before).toBe(15);
  });

  test('that is not acknowledged any more is said once, and so is that it is again', async () => {
    const { one, two } = await holderAndWaiter();
    const said = () => one.state.lines.filter((line) => line.includes('acknowledged'));
    one.state.failing = true;
    await pass(9500, one);
    expect(one.lease.held).toBe(false);
    const lost = expect.stringContaining('this bridge does nothing that only one may do (no quorum)');
    expect(said()).toEqual([lost]);
    one.state.failing = false;
    await pass(10_000, one, two);
    expect(one.lease.held).toBe(true);
    expect(said()).toEqual([lost, 'The lease is acknowledged again']);
  });

  test('is given back at an end in order, and taken at once', async () => {
    const { one, two } = await holderAndWaiter();
    await one.lease.end();
    expect(one.state.lost).toEqual([]);
    expect([one.lease.holder, two.lease.holder]).toEqual([undefined, undefined]);
    await pass(1000, two);
    expect([one.lease.held, two.lease.held]).toEqual([false, true]);
    // Who was alone has nothing to be told.
    expect(one.state.lines).toEqual([]);
    expect(two.state.lines).toEqual([
      expect.stringMatching(
        /^Standing by: .+ works on the log\. This bridge takes over when nothing is heard of it for 10 s$/,
      ),
      'This bridge has the lease now, and works on the log',
    ]);
  });

  test('is taken 10 s after the last renewal was read, not sooner; its holder has stopped 3 s before', async () => {
    const { one, two } = await holderAndWaiter();
    // A holder whose renewals do not come through, counted by its own clock and by that of the other.
    one.state.failing = true;
    await pass(5000, one, two);
    expect([one.lease.held, two.lease.held]).toEqual([true, false]);
    await pass(2500, one, two);
    expect([one.lease.held, two.lease.held]).toEqual([false, false]);
    expect(two.lease.holder).toMatchObject({ bridge: 'one' });
    await pass(3500, one, two);
    expect([one.lease.held, two.lease.held]).toEqual([false, true]);
    expect(one.state.lost[0]).toMatch(/has taken over, since this bridge was not heard of for 10 s$/);
  });

  test('goes on with its holder when nobody else took it meanwhile', async () => {
    const { one } = await holderAndWaiter();
    one.state.failing = true;
    await pass(60_000, one);
    expect(one.lease.held).toBe(false);
    one.state.failing = false;
    await pass(2500, one);
    expect(one.lease.held).toBe(true);
    expect(one.state.lost).toEqual([]);
  });

  test('is nobody’s once it can be taken, and since when somebody has it outlives a snapshot', async () => {
    const { one, two, memory } = await holderAndWaiter();
    const saved = [...two.lease.snapshot()];
    one.state.failing = true;
    two.state.failing = true;
    await pass(7500, one, two);
    expect(two.lease.holder?.bridge).toBe('one');
    await pass(3000, one, two);
    expect(two.lease.holder).toBeUndefined();
    two.state.failing = false;
    await pass(500, two);
    expect(two.lease.holder).toMatchObject({ bridge: 'two', since: memory.entries.at(-1)!.time });
    two.lease.restore(saved);
    expect(two.lease.holder).toMatchObject({ bridge: 'one', since: memory.entries[0]!.time });
  });

  test('is not held by one who stood still for longer than it lasts, from the moment it goes on', async () => {
    const { one, two } = await holderAndWaiter();
    await pass(12_000, two);
    expect(two.lease.held).toBe(true);
    one.time.advance(12_000);
    expect(one.lease.held).toBe(false);
    await until(() => one.state.lost.length > 0, 'the end of the first');
  });

  test('a bridge that starts again takes back what its own process before had', async () => {
    const { one, memory } = await holderAndWaiter();
    one.state.failing = true;
    const again = await bridge(memory, 'one', one.lease.run);
    again.begin();
    await pass(500, again);
    expect(again.lease.held).toBe(true);
  });

  test('is not taken by one that works on a copy of its holder’s directory, from before it had the lease', async () => {
    const { one, memory } = await holderAndWaiter();
    const copies = [await bridge(memory, 'one'), await bridge(memory, 'one', 'an-earlier-run')];
    for (const copy of copies) copy.begin();
    await pass(30_000, one, ...copies);
    expect([one, ...copies].map(({ lease }) => lease.held)).toEqual([true, false, false]);
    expect(one.state.lost).toEqual([]);
  });

  test('one whose directory was copied while it had it loses it once, is told why, and stands by from then on', async () => {
    const { one, memory } = await holderAndWaiter();
    const copy = await bridge(memory, 'one', one.lease.run);
    copy.begin();
    await pass(500, one, copy);
    expect([one.lease.held, copy.lease.held]).toEqual([false, true]);
    expect(one.state.lost).toEqual([
      expect.stringMatching(
        /^.+ has taken over: it has the id of this bridge, so the directory of one of them is a copy/,
      ),
    ]);
    const again = await bridge(memory, 'one', one.lease.run);
    again.begin();
    await pass(30_000, copy, again);
    expect([copy.lease.held, again.lease.held]).toEqual([true, false]);
    expect(copy.state.lost).toEqual([]);
  });

  test.each([
    ['ahead of', 61_000],
    ['behind', -61_000],
  ])('one whose clock is a minute %s the log gives it up, and says so', async (words, step) => {
    const { one, two } = await holderAndWaiter();
    one.time.step(step);
    await pass(2000, one, two);
    expect(one.state.errors[0]).toContain(`61 s ${words} that of the NATS server`);
    expect(one.state.lost).toEqual(["this host's clock is wrong"]);
    await pass(1000, two);
    expect([one.lease.held, two.lease.held]).toEqual([false, true]);
  });

  test('one whose clock is wrong does not keep it, and tries again later', async () => {
    const memory = new MemoryLog();
    const one = await bridge(memory, 'one');
    memoryTime = one.time.now() + 100_000;
    one.begin();
    await pass(5000, one);
    expect(one.lease.held).toBe(false);
    expect(memory.last).toBe(2);
    memoryTime = one.time.now() - 55_000;
    await pass(60_000, one);
    expect(one.lease.held).toBe(true);
  });
});
