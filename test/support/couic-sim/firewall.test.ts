import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedFirewall } from './firewall.ts';
import type { CouicReport } from './report.ts';
import { TRACKED_TAGS } from './traffic.ts';

let now: number;
let reports: CouicReport[];
let firewall: SimulatedFirewall;

beforeEach(() => {
  now = 1_700_000_000;
  reports = [];
  firewall = new SimulatedFirewall({ now: () => now, report: (report) => reports.push(report) });
});

const cidrs = () => firewall.entries('drop').map(({ cidr }) => cidr);

describe('rules', () => {
  test('what its API is asked for is reported, with the stored entry and without metadata for a remove', () => {
    const metadata = { kind: 'manual', detail: 'test', extra: null };
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner', lifetime: 60, metadata });
    now += 5;
    firewall.remove('drop', '192.0.2.1/32');
    const entry = { creation: 1_700_000_000, cidr: '192.0.2.1/32', tag: 'scanner', expiration: 1_700_000_060 };
    expect(reports).toEqual([
      { action: 'add', policy: 'drop', entry, metadata },
      { action: 'remove', policy: 'drop', entry, metadata: null },
    ]);
  });

  test('there is no update: 409 for a rule that is there, 404 for one that is not', () => {
    expect([firewall.add('drop', '192.0.2.1/32'), firewall.add('drop', '192.0.2.1/32')]).toEqual([true, false]);
    expect([firewall.remove('ignore', '192.0.2.1/32'), firewall.remove('drop', '192.0.2.1/32')]).toEqual([false, true]);
    expect(reports).toHaveLength(2);
  });

  test('of peers and set files, and what expires, no report tells', () => {
    firewall.addFromPeer('drop', '192.0.2.1/32', { lifetime: 10 });
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24', '203.0.113.0/24']);
    expect(cidrs()).toEqual(['192.0.2.1/32', '198.51.100.0/24', '203.0.113.0/24']);
    firewall.loadSet('spamhaus', 'drop', ['203.0.113.0/24']);
    now += 10;
    firewall.expire();
    expect(firewall.entries('drop')).toEqual([
      { creation: 1_700_000_000, cidr: '203.0.113.0/24', tag: 'spamhaus.couic', expiration: 0 },
    ]);
    expect(reports).toEqual([]);
  });

  test('a restart keeps the rules of set files only', () => {
    firewall.add('drop', '192.0.2.1/32');
    firewall.loadSet('spamhaus', 'drop', ['198.51.100.0/24']);
    firewall.restart();
    expect(cidrs()).toEqual(['198.51.100.0/24']);
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

  test('a tag goes with its last rule, and starts again from 0', () => {
    for (const cidr of ['192.0.2.1/32', '192.0.2.2/32']) firewall.add('drop', cidr, { tag: 'scanner' });
    firewall.hit('drop', '192.0.2.1/32', 5, 500);
    firewall.remove('drop', '192.0.2.1/32');
    expect(firewall.traffic.wire().drop_tags.tags).toHaveProperty('scanner');
    firewall.remove('drop', '192.0.2.2/32');
    expect(firewall.traffic.wire().drop_tags.tags).toEqual({});
    firewall.add('drop', '192.0.2.1/32', { tag: 'scanner' });
    firewall.hit('drop', '192.0.2.1/32', 1, 100);
    expect(firewall.traffic.wire().drop_tags.tags).toEqual({ scanner: { rx_packets: 1, rx_bytes: 100 } });
    expect(firewall.traffic.truth.tags.drop.get('scanner')).toEqual({ packets: 6, bytes: 600 });
  });

  test('of more tags than it tracks, the one that was used longest ago falls out', () => {
    for (let i = 0; i <= TRACKED_TAGS; i++) {
      firewall.add('drop', `192.0.2.${i}/32`, { tag: `t${i}` });
      firewall.hit('drop', `192.0.2.${i}/32`, 1, 60);
      firewall.hit('drop', '192.0.2.0/32', 1, 60);
    }
    const { drop_tags, xdp } = firewall.traffic.wire();
    expect(Object.keys(drop_tags.tags)).toHaveLength(64);
    expect(drop_tags.tags).toHaveProperty('t0');
    expect(drop_tags.tags).not.toHaveProperty('t1');
    expect(xdp.XDP_DROP).toEqual({ rx_packets: 130, rx_bytes: 7800 });
  });

  test('a restart starts the counters again', () => {
    firewall.traffic.pass(1, 60);
    firewall.restart();
    expect(firewall.traffic.wire().xdp.XDP_PASS).toEqual({ rx_packets: 0, rx_bytes: 0 });
    expect(firewall.traffic.truth.xdp.XDP_PASS).toEqual({ packets: 1, bytes: 60 });
  });
});
