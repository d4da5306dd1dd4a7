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
      unreadable: new Map(),
      short: [],
      kept: 0,
      drift: 3,
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
    await startedLedger(new MemoryStore(store.log), clock).then((again) => again.ledger.stop());
    expect((await collect(ledger.producer()))['couic.rule.lifetime']).toBeUndefined();
  });

  test('what comes in expires as a rule that was reported', async () => {
    await reconcile({ drop: [{ cidr: '192.0.2.1/32', expiration: NOW + 60 }] });
    clock.advance(61_000);
    const again = await startedLedger(new MemoryStore(store.log), clock);
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
    expect(list).toMatchObject({ listed: 1, added: 1, removed: 0, unreadable: new Map([['bad_cidr', 1]]) });
  });
});

describe('a list never takes out what it may mean:', () => {
  const cidrs = Array.from({ length: 1001 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`);
  const ingestAll = () => ingest(...cidrs.map((cidr) => ({ cidr, creation: NOW - 100 })));
  const listing =
    (entries: readonly unknown[], policy: Policy = 'drop'): ListRules =>
    async (asked) =>
      split(JSON.stringify(asked === policy ? entries : []), 5000);
  const countsOf = (...drops: number[]) => {
    let reading = 0;
    return async () => ({ drop: drops[Math.min(reading++, drops.length - 1)]!, ignore: 0 });
  };

  test.each([
    ['a tag of another kind', { tag: 7 }, 'bad_tag'],
    ['a tag with letters that no tag has', { tag: 'a b' }, 'bad_tag'],
    ['a time that is none', { creation: 'yesterday' }, 'bad_timestamp'],
    ['no creation', { creation: undefined }, 'bad_timestamp'],
  ])('of entries with %s the network alone is read, and its rule stays', async (_name, odd, reason) => {
    await ingestAll();
    const entries = cidrs.slice(1).map((cidr) => ({ ...entry({ cidr }), ...odd }));
    for (let comparison = 0; comparison < 2; comparison++) {
      const done = await ledger.reconcile('edge', listing(entries));
      expect(done).toMatchObject({ unreadable: new Map([[reason, 1000]]), kept: 0, removed: 1 - comparison });
      expect(await active()).toEqual({ 'drop scanner ipv4': 1000 });
    }
    expect(ledger.lastComparison('edge')).toMatchObject({ drift: 0 });
  });

  test('of entries that tell no network nobody knows whose they are, so nothing goes', async () => {
    await ingestAll();
    const entries = cidrs.map((cidr) => ({ network: cidr }));
    for (let comparison = 0; comparison < 2; comparison++) {
      const done = await ledger.reconcile('edge', listing(entries));
      expect(done).toMatchObject({ listed: 0, removed: 0, unreadable: new Map([['bad_cidr', 1001]]), kept: 1001 });
      expect(await active()).toEqual({ 'drop scanner ipv4': 1001 });
    }
    expect((await collect(ledger.producer()))['couic.ledger.drift']).toEqual({ '': 2002 });
  });

  test('the list of the other policy is another matter', async () => {
    await ingest({ cidr: '192.0.2.1/32', creation: NOW - 100 });
    await ingest({ cidr: '192.0.2.2/32', creation: NOW - 100, policy: 'ignore' });
    const done = await ledger.reconcile('edge', listing([7], 'ignore'));
    expect(done).toMatchObject({ removed: 1, kept: 1 });
    expect(await active()).toEqual({ 'ignore scanner ipv4': 1 });
  });

  test('a rule that the ledger has not, and that cannot be read, is drift that stays', async () => {
    const done = await ledger.reconcile('edge', listing([{ ...entry({}), tag: 7 }]));
    expect(done).toMatchObject({ added: 0, kept: 0, drift: 1 });
  });

  test('a list that is shorter than what Couic counts before it and after it takes nothing out', async () => {
    await ingestAll();
    const done = await ledger.reconcile('edge', listing([]), { counts: countsOf(1001) });
    expect(done).toMatchObject({ removed: 0, kept: 1001, short: [{ policy: 'drop', listed: 0, counted: 1001 }] });
    expect(await active()).toEqual({ 'drop scanner ipv4': 1001 });
  });

  test('but one that is short since Couic was restarted meanwhile does, and so does one that nobody counts', async () => {
    await ingestAll();
    const done = await ledger.reconcile('edge', listing([]), { counts: countsOf(1001, 0) });
    expect(done).toMatchObject({ removed: 1001, kept: 0, short: [] });
    await ingestAll();
    expect(await ledger.reconcile('edge', listing([]), { counts: async () => undefined })).toMatchObject({ short: [] });
    expect(await active()).toEqual({});
  });

  test('entries that cannot be read count for the length of a list', async () => {
    const done = await ledger.reconcile('edge', listing([7, entry({})]), { counts: countsOf(2) });
    expect(done).toMatchObject({ listed: 1, short: [] });
  });
});

describe('what Couic counts itself', () => {
  const drift = async () => (await collect(ledger.producer(['edge'])))['couic.ledger.drift'];
  const held = async () => (await collect(ledger.producer(['edge'])))['couic.rule.held'];

  test('is shown by policy, and without a comparison the difference is the drift', async () => {
    await ingest({ cidr: '192.0.2.1/32' }, { cidr: '192.0.2.2/32' });
    ledger.setUp('edge', true, { drop: 7, ignore: 1 });
    ledger.setUp('other', true, { drop: 3, ignore: 0 });
    expect(await held()).toEqual({ drop: 7, ignore: 1 });
    expect(await drift()).toEqual({ '': 6 });
    ledger.setUp('edge', true, { drop: 0, ignore: 0 });
    expect(await drift()).toEqual({ '': 2 });
    ledger.setUp('edge', false);
    expect([await held(), await drift()]).toEqual([undefined, undefined]);
  });

  test('after a comparison the drift is what that found, until one fails', async () => {
    await ingest({ cidr: '192.0.2.1/32' });
    ledger.setUp('edge', true, { drop: 5, ignore: 0 });
    await reconcile({ drop: [{ cidr: '192.0.2.1/32' }, { cidr: '192.0.2.2/32' }] });
    const at = clock.now();
    expect(ledger.lastComparison('edge')).toEqual({ at, drift: 1 });
    expect((await collect(ledger.producer()))['couic.ledger.last_comparison_timestamp']).toEqual({ '': at / 1000 });
    expect(await drift()).toEqual({ '': 1 });
    await expect(reconcile(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await drift()).toEqual({ '': 3 });
    expect(ledger.ruleCounts('edge')).toEqual({ drop: 2, ignore: 0 });
    expect(ledger.lastComparison('edge')).toEqual({ at, drift: 1 });
  });

  test('is counted over both address families, all tags and a restart', async () => {
    await ingest({ cidr: '192.0.2.1/32' }, { cidr: '2001:db8::/32', tag: null }, { policy: 'ignore', tag: 'x' });
    await reconcile({ drop: [{ cidr: '192.0.2.1/32' }], ignore: [{ cidr: '1.2.3.4/32', tag: 'x' }] });
    const again = await startedLedger(new MemoryStore([...store.log]), clock);
    for (const each of [ledger, again.ledger]) {
      expect(each.ruleCounts('edge')).toEqual({ drop: 1, ignore: 1 });
      expect(each.lastComparison('edge')).toEqual(ledger.lastComparison('edge'));
    }
    expect(ledger.ruleCounts('unknown')).toEqual({ drop: 0, ignore: 0 });
    expect(ledger.lastComparison('unknown')).toBeUndefined();
    await again.ledger.stop();
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
  expect(first).toMatchObject({ listed: count, added: count, removed: 0, unreadable: new Map(), kept: 0 });
  expect(Object.values(await active()).reduce((sum, n) => sum + n, 0)).toBe(count);
  expect(await reconcile(empty)).toMatchObject({ listed: 0, added: 0, removed: count, unreadable: new Map(), kept: 0 });
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
