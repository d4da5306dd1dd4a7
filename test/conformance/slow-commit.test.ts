import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { toggle } from '../faults/sender/lost-answers.ts';
import { SimulatedCouic } from '../support/couic-sim/couic.ts';
import { collect, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { receiverContext } from '../support/receiver-context.ts';
import { describeWith } from './tools/describe-with.ts';
import { documentedLines, ProxyProcess } from './tools/proxy-process.ts';

const TOKEN = randomUUID();
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function total(ledger: ReturnType<typeof newLedger>['ledger'], metric: string): Promise<number> {
  const series = (await collect(ledger.producer(['edge'])))[metric] ?? {};
  return Object.values(series).reduce((sum, value) => sum + value, 0);
}

describeWith(['haproxy'], 'A retry that arrives while its first attempt commits, behind Debian’s HAProxy', (paths) => {
  const lines = documentedLines('haproxy');
  // By default HAProxy waits for the answer to a client that has gone; with this it goes too.
  const abortOnClose = lines.replace(/^backend .*$/m, '$&\n    option abortonclose');

  test.each([
    ['as documented', lines],
    ['with option abortonclose', abortOnClose],
  ])('counts every report once, %s', async (_title, its) => {
    const store = new MemoryStore();
    const { ledger } = newLedger(store, systemClock as never);
    await store.load();
    await ledger.start();
    ends.push(() => ledger.stop());
    const config = { endpoint: '127.0.0.1:0', instances: [{ name: 'edge', token: TOKEN }], log_reports: false };
    const receiver = new CouicReceiver(receiverContext(ledger), configSchema.parse(config));
    await receiver.start();
    ends.push(() => receiver.shutdown(AbortSignal.abort()));
    const proxy = await ProxyProcess.start(paths.haproxy, 'haproxy', its, formatEndpoint(receiver.endpoint));
    ends.push(() => proxy.stop());
    const couic = new SimulatedCouic({ webhook: `${proxy.webhook}/${TOKEN}` });
    const { firewall } = couic;
    ends.push(() => couic.stop());
    couic.start();
    await toggle(couic, '192.0.2.1/32', 3);

    let slow = 0;
    store.afterCommit = () => {
      store.afterCommit = () => Promise.resolve();
      slow++;
      return sleep(5000);
    };
    firewall.add('drop', '192.0.2.2/32');
    firewall.add('drop', '192.0.2.3/32');
    await expect.poll(() => couic.counts.failures, { timeout: 5000 }).toBe(1);
    firewall.add('drop', '192.0.2.4/32');
    await couic.drained();
    await toggle(couic, '192.0.2.5/32', 7);

    expect(slow).toBe(1);
    expect(couic.counts.failures).toBeGreaterThan(0);
    expect(await total(ledger, 'couic.reports')).toBe(couic.counts.offered);
    expect(await total(ledger, 'couic.rule.active')).toBe(firewall.count('drop'));
  });
});
