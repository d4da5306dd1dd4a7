import { expect, onTestFinished, test } from 'vitest';
import { SimulatedCouic } from './couic.ts';
import { seededRandom } from './random.ts';
import { recordingServer } from './recording-server.ts';
import type { CouicReport } from './report.ts';
import { scaledTimings } from './sender.ts';
import { Workload } from './workload.ts';

test('a workload reaches the webhook report by report, over restarts', async () => {
  let refuse = false;
  const server = await recordingServer(() => (refuse ? 503 : 200));
  const couic = new SimulatedCouic({ webhook: server.webhook, timings: { ...scaledTimings(0.01), timeout: 5000 } });
  onTestFinished(async () => {
    await couic.stop();
    await server.close();
  });
  couic.start();
  const workload = new Workload(couic.firewall, {
    random: seededRandom(7),
    tags: ['scanner', null],
    lifetime: 60,
    peerShare: 0.3,
  });
  for (let i = 0; i < 300; i++) workload.step();
  await couic.drained();
  const taken = () => server.requests.flatMap(({ body }) => JSON.parse(body) as CouicReport[]);
  expect(taken()).toHaveLength(couic.counts.acknowledged);
  expect(couic.counts.offered).toBeGreaterThan(150);
  expect(couic.counts.offered).toBeLessThan(270);
  expect(couic.firewall.count('drop') + couic.firewall.count('ignore')).toBeGreaterThan(100);

  refuse = true;
  const before = couic.counts;
  couic.firewall.add('drop', '192.0.2.1/32');
  await expect.poll(() => couic.counts.failures).toBeGreaterThan(0);
  await couic.restart();
  expect([couic.lost, couic.firewall.count('drop')]).toEqual([1, 0]);
  refuse = false;
  couic.firewall.add('drop', '192.0.2.2/32');
  await couic.drained();
  expect(couic.counts).toMatchObject({ offered: before.offered + 2, acknowledged: before.acknowledged + 1 });
});

test('one seed gives one workload', () => {
  const reports = [1, 2].map(() => {
    const seen: CouicReport[] = [];
    const couic = new SimulatedCouic({ webhook: 'http://127.0.0.1:1/', now: () => 0 });
    const { firewall } = couic;
    const workload = new Workload(firewall, { random: seededRandom(3), tags: ['a', 'b', null], lifetime: 0 });
    for (let i = 0; i < 50; i++) workload.step();
    seen.push(...(firewall.entries('drop') as unknown as CouicReport[]));
    return seen;
  });
  expect(reports[0]).toEqual(reports[1]);
  expect(reports[0]!.length).toBeGreaterThan(20);
});
