import { beforeEach, describe, expect, test } from 'vitest';
import type { ListRules } from '../../src/ledger/reconciler.ts';
import { SimulatedFirewall } from '../support/couic-sim/firewall.ts';
import { below as belowOf, seededRandom } from '../support/couic-sim/random.ts';
import type { CouicEntry, CouicReport, Policy } from '../support/couic-sim/report.ts';
import { bodyOf, collect, type ManualClock, pieces, split, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

type Started = Awaited<ReturnType<typeof startedLedger>>;
type Lists = Partial<Record<Policy, readonly Partial<CouicEntry>[]>>;

const NOW = 1_704_067_300;

let ledger: Started['ledger'];
let store: Started['store'];
let clock: ManualClock;

beforeEach(async () => {
  ({ ledger, store, clock } = await startedLedger());
  return () => ledger.stop();
});

function entry(rule: Partial<CouicEntry>): CouicEntry {
  return { creation: NOW - 100, cidr: '192.0.2.1/32', tag: 'scanner', expiration: 0, ...rule };
}

function listOf(lists: Lists): ListRules {
  return async (policy) => split(JSON.stringify((lists[policy] ?? []).map(entry)), 50);
}

const ingest = (...reports: TestReport[]) => ledger.ingest('edge', pieces(bodyOf(reports)));
const reconcile = (lists: Lists | ListRules) =>
  ledger.reconcile('edge', typeof lists === 'function' ? lists : listOf(lists));
const active = async (instance = 'edge') => (await collect(ledger.producer([instance])))['couic.rule.active'] ?? {};

describe('what no report told', () => {
  test('comes in, without counting as reports', async () => {
    const rules = [{ cidr: '192.0.2.1/32' }, { cidr: '2001:db8::/32', tag: 'spamhaus.couic' }];
    expect(await reconcile({ drop: rules, ignore: [{ tag: null }] })).toEqual({
      listed: 3,
      added: 3,
      removed: 0,
      invalid: 0,
    });
    expect(await active()).toEqual({
      'drop scanner ipv4': 1,
      'drop spamhaus.couic ipv6': 1,
      'ignore untagged ipv4': 1,
    });
    const metrics = await collect(ledger.producer());
    expect(metrics['couic.reports']).toBeUndefined();
    expect(metrics['couic.report.lag']).toBeUndefined();
    expect(metrics['couic.ledger.drift']).toEqual({ '': 3 });

    expect(await reconcile({ drop: rules, ignore: [{ tag: null }] })).toMatchObject({ added: 0, removed: 0 });
    expect((await collect(ledger.producer()))['couic.ledger.drift']).toEqual({ '': 0 });
  });

  test('goes out, and its lifetime counts', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 }, { cidr: '192.0.2.2/32', creation: NOW - 100 });
    expect(await reconcile({ drop: [{ cidr: '192.0.2.2/32' }] })).toMatchObject({ added: 0, removed: 1 });
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
    const metrics = await collect(ledger.producer());
    expect(metrics['couic.rule.lifetime']).toEqual({ drop: 1 });
    expect(metrics['couic.rule.expirations']).toBeUndefined();
    expect(metrics['couic.reports']).toEqual({ 'add none drop scanner ipv4': 2 });
  });

  test('replaces what was there before', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 200, tag: 'old' });
    expect(await reconcile({ drop: [{ cidr: '192.0.2.1/32', tag: 'new' }] })).toMatchObject({ added: 1, removed: 0 });
    expect(await active()).toEqual({ 'drop new ipv4': 1 });
  });

  test('replaces it too when the clock of Couic was set back', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 10, tag: 'old' });
    await reconcile({ drop: [{ cidr: '192.0.2.1/32', creation: NOW - 100, tag: 'new' }] });
    expect(await active()).toEqual({ 'drop new ipv4': 1 });
  });

  test('of another Couic, and of the other policy, is none of its business', async () => {
    await ledger.ingest('other', pieces(bodyOf([{ cidr: '192.0.2.1/32' }])));
    await ingest({ cidr: '192.0.2.1/32', policy: 'ignore', creation: NOW - 100 });
    await reconcile({ drop: [], ignore: [{ cidr: '192.0.2.1/32' }] });
    expect(await active('other')).toEqual({ 'drop scanner ipv4': 1 });
    expect(await active()).toEqual({ 'ignore scanner ipv4': 1 });
  });
});

describe('time', () => {
  test('what is over does not come in, and what is about to be is left to its expiry', async () => {
    await ingest({ cidr: '192.0.2.2/32', creation: NOW - 100, expiration: NOW + 1 });
    await reconcile({ drop: [{ cidr: '192.0.2.1/32', expiration: NOW }] });
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
    clock.advance(2000);
    await startedLedger(store, clock).then((again) => again.ledger.stop());
    expect((await collect(ledger.producer()))['couic.rule.lifetime']).toBeUndefined();
  });

  test('what comes in expires as a rule that was reported', async () => {
    await reconcile({ drop: [{ cidr: '192.0.2.1/32', expiration: NOW + 60 }] });
    clock.advance(61_000);
    const again = await startedLedger(store, clock);
    expect((await collect(again.ledger.producer()))['couic.rule.expirations']).toEqual({ 'drop scanner ipv4': 1 });
    await again.ledger.stop();
  });
});

describe('reports that arrive during the listing are not undone by it', () => {
  /** The list, with reports taken in after it was asked for and before its first byte. */
  const listWhile = (lists: Lists, ...reports: TestReport[]): ListRules => {
    let done = false;
    return async (policy) => {
      if (!done) await ingest(...reports);
      done = true;
      return listOf(lists)(policy);
    };
  };

  test('an add that the list does not have yet', async () => {
    await reconcile(listWhile({ drop: [] }, { cidr: '192.0.2.1/32', creation: NOW }));
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
  });

  test('a removal of a rule that the list still has', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 });
    const remove = { action: 'remove', cidr: '192.0.2.1/32', creation: NOW - 100 } as const;
    await reconcile(listWhile({ drop: [{ cidr: '192.0.2.1/32' }] }, remove));
    expect(await active()).toEqual({});
  });

  test('a removal of a rule that only the list had', async () => {
    const remove = { action: 'remove', cidr: '192.0.2.1/32', creation: NOW - 100 } as const;
    await reconcile(listWhile({ drop: [{ cidr: '192.0.2.1/32' }] }, remove));
    expect(await active()).toEqual({});
  });

  test('a rule that was removed and added again', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 });
    await reconcile(
      listWhile(
        { drop: [{ cidr: '192.0.2.1/32' }] },
        { action: 'remove', cidr: '192.0.2.1/32', creation: NOW - 100 },
        { cidr: '192.0.2.1/32', creation: NOW, tag: 'again' },
      ),
    );
    expect(await active()).toEqual({ 'drop again ipv4': 1 });
  });

  test('an add whose report comes only after the rule came in', async () => {
    await reconcile({ drop: [{ cidr: '192.0.2.1/32' }] });
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 });
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
    expect((await collect(ledger.producer()))['couic.rule.lifetime']).toBeUndefined();
  });

  test('a removal that is written while the correction is on its way', async () => {
    const remove = { action: 'remove', cidr: '192.0.2.1/32', creation: NOW - 100 } as const;
    let written: Promise<unknown> = Promise.resolve();
    const list: ListRules = async (policy) => {
      const body = await listOf({ drop: [{ cidr: '192.0.2.1/32' }] })(policy);
      if (policy === 'drop') written = ingest(remove);
      return body;
    };
    await reconcile(list);
    await written;
    expect(await active()).toEqual({});
  });
});

test('a rule that was removed and added again is not taken out by a correction that was made before', async () => {
  await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 });
  let written: Promise<unknown> = Promise.resolve();
  await reconcile(async (policy) => {
    if (policy === 'drop') {
      // On disk, but not in the rules before the list was compared.
      store.afterCommit = () => new Promise((resolve) => setTimeout(resolve, 50));
      written = ingest(
        { action: 'remove', cidr: '192.0.2.1/32', creation: NOW - 100 },
        { cidr: '192.0.2.1/32', creation: NOW - 1, tag: 'again' },
      );
    }
    return split('[]');
  });
  await written;
  expect(await active()).toEqual({ 'drop again ipv4': 1 });
});

describe('an answer that cannot be trusted', () => {
  test('takes nothing out when it breaks off, and keeps what it told', async () => {
    await ingest({ cidr: '192.0.2.9/32', creation: NOW - 100 });
    const half: ListRules = async () => split(`${JSON.stringify([entry({ cidr: '192.0.2.1/32' })]).slice(0, -1)},{"c`);
    await expect(reconcile(half)).rejects.toThrow('the answer ends inside the list of rules');
    expect(await active()).toEqual({ 'drop scanner ipv4': 2 });
    expect((await collect(ledger.producer()))['couic.ledger.drift']).toBeUndefined();
  });

  test('and one that is no list changes nothing', async () => {
    await ingest({ cidr: '192.0.2.9/32', creation: NOW - 100 });
    await expect(reconcile(async () => split('<html>502</html>'))).rejects.toThrow('not a JSON array of rules');
    await expect(reconcile(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
  });

  test('entries that are not valid are passed over', async () => {
    const list = await reconcile({ drop: [{ cidr: 'nonsense' }, { cidr: '192.0.2.1/32' }] });
    expect(list).toEqual({ listed: 1, added: 1, removed: 0, invalid: 1 });
  });
});

test('a replay of the log gives the same', async () => {
  await ingest({ cidr: '192.0.2.9/32' }, { cidr: '192.0.2.1/32', creation: NOW - 200 });
  await reconcile({ drop: [{ cidr: '192.0.2.1/32' }, { cidr: '2001:db8::/48' }] });
  const again = await startedLedger(new MemoryStore([...store.log]), clock);
  expect(await collect(again.ledger.producer())).toEqual(await collect(ledger.producer()));
  await again.ledger.stop();
});

test('the largest list of Couic comes in and goes out, and is never held whole', async () => {
  const count = 262_144;
  async function* whole(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < count; from += 512) {
      const entries = Array.from({ length: 512 }, (_, index) => {
        const n = from + index;
        return JSON.stringify(entry({ cidr: `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}/32`, tag: `t${n % 50}` }));
      });
      yield Buffer.from((from === 0 ? '[' : ',') + entries.join() + (from + 512 === count ? ']' : ''));
    }
  }
  const empty: ListRules = async () => split('[]');
  const first = await reconcile(async (policy) => (policy === 'drop' ? whole() : split('[]')));
  expect(first).toEqual({ listed: count, added: count, removed: 0, invalid: 0 });
  expect(Object.values(await active()).reduce((sum, n) => sum + n, 0)).toBe(count);
  expect(await reconcile(empty)).toEqual({ listed: 0, added: 0, removed: count, invalid: 0 });
});

test('whatever happens at whatever time, a list that is read in peace leaves nothing to correct', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const { ledger, store, clock } = await startedLedger();
    const random = seededRandom(seed);
    const below = (bound: number) => belowOf(random, bound);
    /** Reports on their way: they arrive whenever, but in order. */
    const underWay: CouicReport[] = [];
    const firewall = new SimulatedFirewall({
      now: () => Math.floor(clock.wall / 1000),
      report: (report) => underWay.push(report),
      overtaken: () => random() < 0.1,
    });
    const deliver = async (count: number) => {
      const reports = underWay.splice(0, count);
      if (reports.length > 0) await ledger.ingest('edge', pieces(JSON.stringify(reports)));
    };
    const cidr = () => (random() < 0.7 ? `192.0.2.${below(12)}/32` : `2001:db8::${below(8) + 1}/128`);
    const act = () => {
      const policy = random() < 0.7 ? 'drop' : 'ignore';
      const options = { tag: ['a', 'b', null][below(3)]!, lifetime: random() < 0.3 ? 1 + below(20) : 0 };
      const what = random();
      if (what < 0.35) firewall.add(policy, cidr(), options);
      else if (what < 0.55) firewall.remove(policy, cidr());
      else if (what < 0.7) firewall.addFromPeer(cidr(), options);
      else if (what < 0.8) firewall.removeFromPeer(cidr());
      else if (what < 0.85) firewall.loadSet('set', 'drop', [cidr(), cidr()]);
      else if (what < 0.87) firewall.restart();
      else clock.advance(1000 + below(3000));
      firewall.expire();
    };
    /** Couic answers with what it has at one moment; before, after and while the answer is read, things go on. */
    const list: (busy: boolean) => ListRules = (busy) => async (policy) => {
      for (let i = below(4); busy && i > 0; i--) act();
      if (busy) await deliver(below(4));
      const text = JSON.stringify(firewall.list(policy));
      return (async function* () {
        for await (const piece of split(text, 200)) {
          if (busy) {
            act();
            await deliver(below(4));
          }
          yield piece;
        }
      })();
    };
    for (let round = 0; round < 8; round++) {
      for (let i = below(15); i > 0; i--) act();
      await deliver(below(10));
      await ledger.reconcile('edge', list(true));
    }
    firewall.flush();
    await deliver(Number.POSITIVE_INFINITY);
    const reports = Object.values((await collect(ledger.producer()))['couic.reports'] ?? {}).reduce(
      (sum, n) => sum + n,
      0,
    );

    // Tombstones and rules about to end are given their time; then the lists are read with nothing going on.
    clock.advance(90_000);
    firewall.expire();
    await ledger.reconcile('edge', list(false));
    expect(await ledger.reconcile('edge', list(false)), `seed ${seed}`).toMatchObject({ added: 0, removed: 0 });
    await ledger.stop();
    // A restart expires what is over.
    const again = await startedLedger(new MemoryStore([...store.log]), clock);
    const metrics = await collect(again.ledger.producer());
    const held = Object.values(metrics['couic.rule.active'] ?? {}).reduce((sum, n) => sum + n, 0);
    expect(held, `seed ${seed}`).toBe(firewall.count('drop') + firewall.count('ignore'));
    expect(Object.values(metrics['couic.reports'] ?? {}).reduce((sum, n) => sum + n, 0)).toBe(reports);
    await again.ledger.stop();
  }
});
