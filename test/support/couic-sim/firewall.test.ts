import { beforeEach, describe, expect, test } from 'vitest';
import { couicctlAdd } from './couicctl.ts';
import { SimulatedFirewall } from './firewall.ts';
import { PeerWorker } from './peers.ts';
import { type CouicReport, reportText } from './report.ts';
import { CAPACITY } from './rule-store.ts';
import { TRACKED_TAGS } from './tag-map.ts';
import { XDP_ACTIONS } from './traffic.ts';

const START = 1_700_000_000;

let now: number;
let reports: CouicReport[];
let firewall: SimulatedFirewall;

beforeEach(() => {
  now = START;
  reports = [];
  firewall = new SimulatedFirewall({ now: () => now, report: (report) => reports.push(report) });
});

const cidrs = () => firewall.entries('drop').map(({ cidr }) => cidr);
const shownTags = () => Object.keys(firewall.traffic.wire().drop_tags.tags);

describe('rules', () => {
  test('what its API is asked for is reported, with the stored entry and without metadata for a remove', () => {
    const metadata = { kind: 'manual', detail: 'test', extra: null };
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner', lifetime: 60, metadata });
    now += 5;
    firewall.remove('drop', '192.0.2.1/32');
    const entry = { creation: START, cidr: '192.0.2.1/32', tag: 'scanner', expiration: START + 60 };
    expect(reports).toEqual([
      { action: 'add', policy: 'drop', entry, metadata },
      { action: 'remove', policy: 'drop', entry, metadata: null },
    ]);
  });

  test.each([null, '', undefined])('no tag (%j) is null in the add, and "" in the remove and the list', (tag) => {
    firewall.add('drop', '192.0.2.1/32', tag === undefined ? {} : { tag });
    expect(firewall.list('drop').map((entry) => entry.tag)).toEqual(['']);
    firewall.remove('drop', '192.0.2.1/32');
    expect(reports.map(({ entry }) => entry.tag)).toEqual([null, '']);
  });

  test('couicctl tags drop rules when it is given no tag, and ignore rules not', () => {
    couicctlAdd(firewall, 'drop', '192.0.2.1/32');
    couicctlAdd(firewall, 'ignore', '192.0.2.1/32');
    couicctlAdd(firewall, 'ignore', '192.0.2.2/32', { tag: 'office' });
    expect(reports.map(({ entry }) => entry.tag)).toEqual(['couicctl', null, 'office']);
  });

  test('an add, its remove and the same add, within a second: the third report equals the first', () => {
    firewall.add('drop', '192.0.2.1/32');
    firewall.remove('drop', '192.0.2.1/32');
    firewall.add('drop', '192.0.2.1/32');
    const [first, , third] = reports.map(reportText);
    expect(third).toBe(first);
    now += 1;
    firewall.remove('drop', '192.0.2.1/32');
    firewall.add('drop', '192.0.2.1/32');
    expect(reportText(reports[4]!)).not.toBe(first);
  });

  test('there is no update: 409 for a rule that is there, 404 for one that is not', () => {
    expect([firewall.add('drop', '192.0.2.1/32'), firewall.add('drop', '192.0.2.1/32')]).toEqual([true, false]);
    expect([firewall.remove('ignore', '192.0.2.1/32'), firewall.remove('drop', '192.0.2.1/32')]).toEqual([false, true]);
    expect(reports).toHaveLength(2);
  });

  test('expiration is any u64 to come', () => {
    const far = 2n ** 64n - 1n;
    firewall.add('drop', '192.0.2.1/32', { expiration: far });
    firewall.expire();
    expect(firewall.list('drop')).toMatchObject([{ expiration: far }]);
    expect(reportText(reports[0]!)).toContain('"expiration":18446744073709551615}');
    expect(() => firewall.add('drop', '192.0.2.2/32', { expiration: now })).toThrow(RangeError);
  });

  test.each(['x'.repeat(65), 'a.couic', 'é', 'two words', 'Untagged'])('a client cannot give the tag %j', (tag) => {
    expect(() => firewall.add('drop', '192.0.2.1/32', { tag })).toThrow(RangeError);
    expect(firewall.count('drop')).toBe(0);
  });

  test('the maps are full at their size, for each family', () => {
    for (let i = 0; i < CAPACITY.ignore; i++) firewall.add('ignore', `10.1.${i >>> 8}.${i & 255}/32`);
    expect(firewall.add('ignore', '10.9.0.0/32')).toBe(false);
    expect(firewall.add('ignore', '2001:db8::1/128')).toBe(true);
    firewall.remove('ignore', '10.1.0.0/32');
    expect(firewall.add('ignore', '10.9.0.0/32')).toBe(true);
  });

  test('a list has IPv4 first, in no order', () => {
    const added = ['2001:db8::1/128', ...[1, 2, 3, 4, 5, 6].map((n) => `192.0.2.${n}/32`)];
    for (const cidr of added) firewall.add('drop', cidr);
    const listed = firewall.list('drop').map(({ cidr }) => cidr);
    expect(listed.at(-1)).toBe('2001:db8::1/128');
    expect(listed.toSorted()).toEqual(added.toSorted());
    expect(listed).not.toEqual(listed.toSorted());
  });

  test('a restart keeps no rule; what set files list is there again, as new', () => {
    firewall.add('drop', '192.0.2.1/32');
    firewall.addFromPeer('192.0.2.2/32');
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24']);
    now += 100;
    firewall.restart();
    expect(firewall.list('drop')).toEqual([
      { creation: START + 100, cidr: '198.51.100.0/24', tag: 'spamhaus.couic', expiration: 0 },
    ]);
    expect(reports).toHaveLength(1);
  });

  test('a report can be overtaken by the next one', () => {
    const overtaken = [true, false];
    firewall = new SimulatedFirewall({
      now: () => now,
      report: (report) => reports.push(report),
      overtaken: () => overtaken.shift() ?? false,
    });
    firewall.add('drop', '192.0.2.1/32');
    firewall.remove('drop', '192.0.2.1/32');
    expect(reports.map(({ action }) => action)).toEqual(['remove', 'add']);
  });
});

describe('set files', () => {
  test('come, change and go without a report, as do rules that end', () => {
    firewall.addFromPeer('192.0.2.1/32', { lifetime: 10 });
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24', '203.0.113.0/24']);
    expect(cidrs()).toEqual(['192.0.2.1/32', '198.51.100.0/24', '203.0.113.0/24']);
    firewall.loadSet('spamhaus', 'drop', ['203.0.113.0/24']);
    now += 10;
    firewall.expire();
    expect(firewall.entries('drop')).toEqual([
      { creation: START, cidr: '203.0.113.0/24', tag: 'spamhaus.couic', expiration: 0 },
    ]);
    firewall.deleteSet('spamhaus', 'drop');
    expect(cidrs()).toEqual([]);
    expect(reports).toEqual([]);
  });

  test('have names of any letters, up to 48 bytes', () => {
    firewall.loadSet('blocklist-é', 'drop', ['198.51.100.0/24']);
    firewall.loadSet('名單', 'drop', ['203.0.113.0/24']);
    expect(firewall.entries('drop').map(({ tag }) => tag)).toEqual(['blocklist-é.couic', '名單.couic']);
    for (const name of ['', 'two words', 'a.b', 'é'.repeat(25)]) {
      expect(() => firewall.loadSet(name, 'drop', [])).toThrow(RangeError);
    }
  });

  test('take the place of a rule from the API, silently, and the API cannot remove theirs', () => {
    firewall.add('drop', '198.51.100.0/24', { tag: 'mine', lifetime: 60 });
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24']);
    expect(firewall.tagOf('drop', '198.51.100.0/24')).toBe('spamhaus.couic');
    expect(firewall.remove('drop', '198.51.100.0/24')).toBe(false);
    firewall.deleteSet('spamhaus', 'drop');
    expect(firewall.count('drop')).toBe(0);
    expect(reports).toHaveLength(1);
  });
});

describe('peers', () => {
  let peer: SimulatedFirewall;
  let unreachable: boolean;
  let worker: PeerWorker;

  beforeEach(() => {
    peer = new SimulatedFirewall({ now: () => now, report: () => expect.unreachable('a peer reports nothing') });
    unreachable = false;
    worker = new PeerWorker([peer]);
    worker.reachable = () => !unreachable;
    firewall = new SimulatedFirewall({ now: () => now, report: (report) => reports.push(report), peers: worker });
  });

  test('have the rules that the API was asked for, of ignore rules too as drop rules', () => {
    firewall.add('drop', '192.0.2.1/32', { tag: 'a', lifetime: 60 });
    firewall.add('ignore', '192.0.2.2/32');
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24']);
    expect(worker.send()).toBe(true);
    expect(peer.entries('ignore')).toEqual([]);
    expect(peer.entries('drop').map(({ cidr, tag }) => [cidr, tag])).toEqual([
      ['192.0.2.1/32', 'a'],
      ['192.0.2.2/32', ''],
    ]);
    firewall.remove('ignore', '192.0.2.2/32');
    worker.send();
    expect(peer.entries('drop').map(({ cidr }) => cidr)).toEqual(['192.0.2.1/32']);
    expect(reports).toHaveLength(3);
  });

  test('lose what was sent while they could not be reached', () => {
    unreachable = true;
    firewall.add('drop', '192.0.2.1/32');
    expect(worker.send()).toBe(false);
    unreachable = false;
    expect(worker.send()).toBe(true);
    expect(peer.count('drop')).toBe(0);
  });

  test('take none of what comes with a job whose time is over, be it a remove', () => {
    firewall.add('drop', '192.0.2.1/32', { lifetime: 1 });
    firewall.add('drop', '192.0.2.2/32');
    worker.send();
    now += 1;
    // Couic looks once a second for what is over, so the API can still remove it.
    firewall.remove('drop', '192.0.2.1/32');
    firewall.remove('drop', '192.0.2.2/32');
    expect(worker.send()).toBe(false);
    expect(peer.entries('drop').map(({ cidr }) => cidr)).toEqual(['192.0.2.1/32', '192.0.2.2/32']);
  });

  test('stop at the first job that they refuse', () => {
    peer.addFromPeer('192.0.2.1/32');
    for (const n of [1, 2, 3]) firewall.add('drop', `192.0.2.${n}/32`);
    expect(worker.send()).toBe(false);
    expect(peer.count('drop')).toBe(1);
  });
});

describe('traffic', () => {
  test('is counted by action and by tag', () => {
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner' });
    firewall.add('drop', '192.0.2.2/32');
    firewall.add('ignore', '192.0.2.3/32', { tag: 'office' });
    firewall.hit('drop', '192.0.2.1/32', 2, 200);
    firewall.hit('drop', '192.0.2.2/32', 1, 60);
    firewall.hit('ignore', '192.0.2.3/32', 4, 400);
    firewall.traffic.pass(10, 1000);
    const { xdp, drop_tags, ignore_tags } = firewall.traffic.wire();
    expect(xdp).toMatchObject({
      XDP_DROP: { rx_packets: 3, rx_bytes: 260 },
      XDP_PASS: { rx_packets: 14, rx_bytes: 1400 },
    });
    expect(drop_tags.tags).toEqual({
      scanner: { rx_packets: 2, rx_bytes: 200 },
      untagged: { rx_packets: 1, rx_bytes: 60 },
    });
    expect(ignore_tags.tags).toEqual({ office: { rx_packets: 4, rx_bytes: 400 } });
  });

  test('a tag goes with its last rule of both policies, and starts again from 0', () => {
    for (const cidr of ['192.0.2.1/32', '192.0.2.2/32']) firewall.add('drop', cidr, { tag: 'scanner' });
    firewall.add('ignore', '192.0.2.3/32', { tag: 'scanner' });
    firewall.hit('drop', '192.0.2.1/32', 5, 500);
    firewall.remove('drop', '192.0.2.1/32');
    firewall.remove('drop', '192.0.2.2/32');
    expect(shownTags()).toEqual(['scanner']);
    firewall.remove('ignore', '192.0.2.3/32');
    expect(shownTags()).toEqual([]);
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner' });
    firewall.hit('drop', '192.0.2.1/32', 1, 100);
    expect(firewall.traffic.wire().drop_tags.tags).toEqual({ scanner: { rx_packets: 1, rx_bytes: 100 } });
    expect(firewall.traffic.truth.tags.drop.get('scanner')).toEqual({ packets: 6, bytes: 600 });
  });

  /** So many tags, each hit so often in turn. */
  function traffic(tags: number, turns: number): void {
    for (let i = 0; i < tags; i++) firewall.add('drop', `192.0.2.${i}/32`, { tag: `t${i}` });
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < tags; i++) firewall.hit('drop', `192.0.2.${i}/32`, 1, 60);
    }
  }

  test('with 2 CPUs, 30 tags are counted exactly', () => {
    traffic(30, 10);
    const tags = Object.values(firewall.traffic.wire().drop_tags.tags);
    expect(tags).toEqual(Array(30).fill({ rx_packets: 10, rx_bytes: 600 }));
  });

  test.each([60, 100])('of %i, 32 to 40 are shown, from a late beginning; what was dropped is exact', (count) => {
    traffic(count, 10);
    const { drop_tags, xdp } = firewall.traffic.wire();
    const tags = Object.values(drop_tags.tags);
    expect(tags.length).toBeGreaterThanOrEqual(32);
    expect(tags.length).toBeLessThanOrEqual(40);
    expect(tags.reduce((sum, { rx_packets }) => sum + rx_packets, 0)).toBeLessThan(count * 5);
    expect(xdp.XDP_DROP).toEqual({ rx_packets: count * 10, rx_bytes: count * 600 });
  });

  test('what was used last stays, while others come and go', () => {
    firewall.add('drop', '198.51.100.1/32', { tag: 'busy' });
    for (let i = 0; i < 200; i++) {
      firewall.hit('drop', '198.51.100.1/32', 1, 60);
      firewall.add('drop', `192.0.2.${i}/32`, { tag: `t${i}` });
      firewall.hit('drop', `192.0.2.${i}/32`, 1, 60);
    }
    expect(firewall.traffic.wire().drop_tags.tags.busy).toEqual({ rx_packets: 200, rx_bytes: 12_000 });
    expect(shownTags().length).toBeLessThanOrEqual(TRACKED_TAGS);
  });

  test('a restart starts the counters again', () => {
    firewall.traffic.pass(1, 60);
    firewall.restart();
    expect(firewall.traffic.wire().xdp.XDP_PASS).toEqual({ rx_packets: 0, rx_bytes: 0 });
    expect(firewall.traffic.truth.xdp.XDP_PASS).toEqual({ packets: 1, bytes: 60 });
  });

  test('a restart before the first packet cannot be told from the counters', () => {
    firewall.add('drop', '192.0.2.1/32');
    const before = firewall.traffic.wire();
    firewall.restart();
    expect(firewall.traffic.wire()).toEqual(before);
    expect(Object.keys(before.xdp)).toEqual([...XDP_ACTIONS]);
    expect(firewall.count('drop')).toBe(0);
  });
});
