import { onTestFinished } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import { collect, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { receiverContext } from '../support/receiver-context.ts';

/** The receiver over a real ledger, for bodies that no Couic would send. @param instances - how many there are. */
export async function startBridge(instances = 1, limits: { bodyStallTimeout?: number } = {}) {
  const store = new MemoryStore();
  const { ledger } = newLedger(store, systemClock as never);
  await store.load();
  await ledger.start();
  await ledger.lead();
  const context = receiverContext(ledger);
  const names = Array.from({ length: instances }, (_, index) => `couic-${index}`);
  const config = configSchema.parse({
    endpoint: '127.0.0.1:0',
    instances: names.map((name) => ({ name, token: `token-of-${name}-is-long` })),
    log_reports: false,
  });
  const { bodyStallTimeout: body_stall_timeout = config.body_stall_timeout } = limits;
  const receiver = new CouicReceiver(context, { ...config, body_stall_timeout });
  await receiver.start();
  onTestFinished(async () => {
    await receiver.shutdown(AbortSignal.abort());
    await ledger.stop();
  });
  return {
    context,
    store,
    port: receiver.endpoint.port,
    path: (index: number) => `/v1/reports/token-of-couic-${index}-is-long`,
    /** Reports of one instance. */
    counted: async (index: number): Promise<number> => {
      const series = (await collect(ledger.producer([`couic-${index}`])))['couic.reports'] ?? {};
      return Object.values(series).reduce((sum, count) => sum + count, 0);
    },
  };
}
