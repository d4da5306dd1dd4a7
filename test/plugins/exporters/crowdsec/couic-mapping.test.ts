import { afterEach, expect, it } from 'vitest';
import { COUIC_METRICS } from '../../../../plugins/exporters/crowdsec/couic-mapping.ts';
import { FakeTraffic } from './fake-traffic.ts';
import { eachHost, type Host } from './harness.ts';

let host: Host;
let traffic: FakeTraffic;
eachHost((made) => {
  host = made;
  traffic = new FakeTraffic();
  host.producers = [traffic];
});

it('tells packets and bytes: by the origin of the tag, the rest of XDP_DROP under couic, all of them processed', async () => {
  await host.start();
  traffic.seen('XDP_DROP', 29_172);
  traffic.seen('XDP_PASS', 575_936);
  traffic.tagged('fail2ban-sshd', 20_922);
  traffic.tagged('untagged', 8_000);
  await host.pass(1_800_000);
  expect(host.lapi.counts()).toEqual({
    'couic:fail2ban-sshd': { dropped: { packet: 20_922, byte: 20_922 * 60 } },
    couic: { dropped: { packet: 8_250, byte: 8_250 * 60 } },
    '': { processed: { packet: 605_108, byte: 605_108 * 60 } },
  });
});

it('does not tell packets twice when a tag was read ahead of the total', async () => {
  await host.start();
  traffic.tagged('a', 100);
  traffic.seen('XDP_DROP', 90);
  await host.pass(1_800_000);
  traffic.seen('XDP_DROP', 15);
  await host.pass(1_800_000);
  expect(host.lapi.counts()).toEqual({
    'couic:a': { dropped: { packet: 100, byte: 6000 } },
    couic: { dropped: { packet: 5, byte: 300 } },
    '': { processed: { packet: 105, byte: 6300 } },
  });
});

it("never tells more dropped packets than Couic's XDP_DROP rose by, though tags are read after it, vanish and come back", async () => {
  host.producers = [];
  await host.start();
  const count = (packets: number) => ({ packets: BigInt(packets), bytes: BigInt(60 * packets) });
  const read = (dropped: number, tags: Record<string, number>) =>
    host.ledger.recordTraffic('couic', {
      xdp: new Map([['XDP_DROP', count(dropped)]]),
      drop: new Map(Object.entries(tags).map(([tag, packets]) => [tag, count(packets)])),
      ignore: new Map(),
    });
  const told = () => Object.values(host.lapi.counts()).reduce((sum, { dropped }) => sum + (dropped?.packet ?? 0), 0);
  await read(1000, { a: 600, b: 400 });
  for (const [dropped, tags] of [
    [1100, { a: 660, b: 445 }],
    [1105, { a: 660 }],
    [1105, { a: 660, b: 445 }],
    [1200, { a: 20, b: 540 }],
    [1200, { a: 25, b: 540 }],
  ] as const) {
    await read(dropped, tags);
    await host.pass(1_800_000);
    expect(told()).toBe(dropped - 1000);
  }
});

it('leaves the rest with couic when rules without a tag have an origin of their own', async () => {
  await host.start({ origins: [{ tag: 'untagged', origin: 'crowdsec' }] });
  traffic.tagged('untagged', 10);
  traffic.seen('XDP_DROP', 12);
  await host.pass(1_800_000);
  expect(host.lapi.counts()).toMatchObject({
    crowdsec: { dropped: { packet: 10 } },
    couic: { dropped: { packet: 2 } },
  });
});

it('tells what items asks for', async () => {
  await host.start({ items: ['traffic'] });
  await host.report({ tag: 'a' });
  traffic.seen('XDP_PASS', 1);
  await host.pass(1_800_000);
  expect(host.lapi.counts()).toEqual({ '': { processed: { packet: 1, byte: 60 } } });
});

const LATER = 'couic.rule.expirations';
afterEach(() => {
  (COUIC_METRICS as Set<string>).delete(LATER);
});

it('begins with a metric that an earlier version did not tell where its totals stand', async () => {
  const config = { metrics: [{ match: LATER, item: 'processed', unit: 'rule' }] };
  const expire = async (cidr: string) => {
    const creation = Math.floor(host.time.now() / 1000);
    await host.report({ cidr, creation, expiration: creation + 60 });
    await host.pass(120_000);
    await host.ledger.expireDue();
    await host.pass(1_800_000);
  };
  const told = () => host.lapi.counts()['']?.processed?.rule;
  await host.start();
  await expire('192.0.2.1/32');
  await host.stop();
  (COUIC_METRICS as Set<string>).add(LATER);
  await host.start(config);
  await host.pass(1_800_000);
  expect(told()).toBeUndefined();
  await expire('192.0.2.2/32');
  expect(told()).toBe(1);
  await host.stop();
  await host.start(config);
  await expire('192.0.2.3/32');
  expect(told()).toBe(2);
});
