import { expect, it } from 'vitest';
import { decodeRecord } from '../../../../plugins/exporters/crowdsec/records.ts';
import { until } from '../../../support/fake-time.ts';
import { bodyOf, pieces, type TestReport } from '../../../support/ledger.ts';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;
const DAY = 86_400_000;

let host: Host;
eachHost((made) => {
  host = made;
  host.instances = ['noisy', 'quiet'];
});

async function window(pushes: number, after = HALF_HOUR): Promise<void> {
  host.time.advance(after);
  await until(() => host.lapi.pushes.length >= pushes && host.crowdsec.exporter.outbox.size === 0, `window ${pushes}`);
}

const report = (instance: string, ...reports: TestReport[]) => host.ledger.ingest(instance, pieces(bodyOf(reports)));
const junk = (count: number, more: TestReport = {}): TestReport[] =>
  Array.from({ length: count }, (_, n) => ({ tag: `junk-${n}`, cidr: `10.0.${n >> 8}.${n & 255}/32`, ...more }));
const limits = async () => {
  const rows = (await host.crowdsec.operations['limits.list']!(null)) as { of: string; used: number; limit: number }[];
  return rows.map(({ of, used, limit }) => `${of} ${used} of ${limit}`).sort();
};
const places = () => host.crowdsec.exporter.outbox.state.said.places;

/** All that windows ever told of an item, by origin; LAPI forgets after a week. */
function told(name: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { record, topic } of host.log) {
    if (topic !== 'exporter/crowdsec') continue;
    const sealed = decodeRecord(record);
    if (sealed.type !== 'sealed' || !sealed.window) continue;
    for (const { items } of JSON.parse(sealed.window.body).remediation_components[0].metrics) {
      for (const item of items) {
        if (item.name !== name) continue;
        const { origin = '' } = item.labels ?? {};
        sums[origin] = (sums[origin] ?? 0) + item.value;
      }
    }
  }
  return sums;
}
const sum = (values: Record<string, number>) => Object.values(values).reduce((a, b) => a + b, 0);

it('600 junk tags of one Couic push no tag of another to the shared origin, after a restart neither', async () => {
  await host.start();
  await report('noisy', ...junk(600));
  await window(1);
  await report('quiet', { tag: 'first' });
  await window(2);
  await host.stop();
  await host.start();
  await report('quiet', { tag: 'second', cidr: '2.2.2.2/32' });
  await window(3);
  const counts = host.lapi.counts();
  for (const origin of ['couic:first', 'couic:second']) expect(counts[origin]?.dropped).toEqual({ report: 1 });
  expect(counts['couic-other']).toEqual({ dropped: { report: 500 }, active_decisions: { ip: 500 } });
  expect(sum(told('dropped'))).toBe(602);
  expect(await limits()).toEqual(['noisy 100 of 100', 'quiet 2 of 100']);
});

it('an origin of two Couics is one row, and takes a place of each', async () => {
  await host.start({ max_origins: 1 });
  await report('noisy', { tag: 'shared' });
  await report('quiet', { tag: 'shared' }, { tag: 'late', cidr: '2.2.2.2/32' });
  await window(1);
  expect(host.lapi.counts()).toMatchObject({
    'couic:shared': { active_decisions: { ip: 2 } },
    'couic-other': { active_decisions: { ip: 1 } },
  });
  expect(await limits()).toEqual(['noisy 1 of 1', 'quiet 1 of 1']);
});

it('rules without a tag have their own place beside the most', async () => {
  await host.start({ max_origins: 1 });
  await report('noisy', ...junk(2));
  await window(1);
  await report('noisy', { tag: null, cidr: '2.2.2.2/32' });
  await window(2);
  expect(host.lapi.counts().couic?.dropped).toEqual({ report: 1 });
});

it('an origin with a rule keeps its place however long it is silent, one without gives it back', async () => {
  await host.start({ max_origins: 2 });
  await report('noisy', { tag: 'held', cidr: '1.1.1.1/32' }, { tag: 'gone', cidr: '2.2.2.2/32' });
  await report('noisy', { action: 'remove', tag: 'gone', cidr: '2.2.2.2/32' });
  await window(1);
  // Two windows in eight days, since the gauge is said each day; the bridge was off for the rest.
  await host.kill();
  host.time.advance(8 * DAY);
  await host.start({ max_origins: 2 });
  await window(2, HALF_HOUR);
  expect([...places().get('noisy')!.keys()]).toEqual(['couic:held']);
  expect(await limits()).toEqual(['noisy 1 of 2']);
  await report('noisy', { tag: 'new', cidr: '3.3.3.3/32' }, { tag: 'late', cidr: '4.4.4.4/32' });
  await window(3);
  expect([...places().get('noisy')!.keys()]).toEqual(['couic:held', 'couic:new']);
  // It comes again, and is counted again, under the shared name: no count is lost, none goes back.
  await report('noisy', { tag: 'gone', cidr: '5.5.5.5/32' });
  await window(4);
  expect(told('dropped')).toEqual({
    'couic:held': 1,
    'couic:gone': 1,
    'couic:new': 1,
    'couic-other': 2,
  });
});

it('one that is said again and again is not idle, though that is written down once a day', async () => {
  await host.start({ max_origins: 1 });
  for (let day = 0; day < 10; day++) {
    await report('noisy', { tag: 'steady', cidr: `1.1.1.${day}/32` }, { tag: 'late', cidr: `2.2.2.${day}/32` });
    await report('noisy', { action: 'remove', tag: 'steady', cidr: `1.1.1.${day}/32` });
    await window(day + 1, DAY);
  }
  expect(told('dropped')).toEqual({ 'couic:steady': 10, 'couic-other': 10 });
});

it('what 30 Couics fill with long tags is told in as many windows as it takes', async () => {
  host.instances = Array.from({ length: 30 }, (_, n) => `couic-${n}`);
  await host.start();
  const long = (instance: string, n: number) => `${instance}-${n}-`.padEnd(64, 'x');
  for (const instance of host.instances) {
    const reports = Array.from({ length: 100 }, (_, n) => ({ tag: long(instance, n), cidr: `10.0.0.${n}/32` }));
    await report(instance, ...reports);
  }
  const { exporter } = host.crowdsec;
  host.time.advance(HALF_HOUR);
  await until(() => {
    const [next = Number.POSITIVE_INFINITY] = host.time.waits;
    if (next <= 3000) host.time.advance(next);
    const { said, baseline } = exporter.outbox.state;
    return said.gauges.size === 3000 && baseline.size >= 3000;
  }, 'all of it told');
  expect(sum(told('dropped'))).toBe(3000);
  expect(host.log.filter(({ topic, record }) => topic === 'exporter/crowdsec' && record.length > 2 ** 20)).toEqual([]);
  expect(sum(told('active_decisions'))).toBeGreaterThanOrEqual(3000);
  expect(host.warnings).toEqual([]);
});
