import { expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import { bodyOf, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { postHead, rawConnection } from '../support/raw-http.ts';
import { receiverContext } from '../support/receiver-context.ts';

/**
 * What a bridge short of processor time can do: Couic hangs up while the event loop is busy for 0.1 to 0.5 s, the answer goes
 * out before that is noticed, and the retry, a second after the hang-up and so less than 0.9 s after that answer, would be
 * counted again.
 */
test('an answer that goes out before a hang-up was noticed is not taken for heard', async () => {
  const store = new MemoryStore();
  const { ledger } = newLedger(store, systemClock as never);
  await store.load();
  await ledger.start();
  await ledger.lead();
  const config = { endpoint: '127.0.0.1:0', instances: [{ name: 'couic' }], log_reports: false };
  const receiver = new CouicReceiver(receiverContext(ledger), configSchema.parse(config));
  await receiver.start();
  onTestFinished(async () => {
    await receiver.shutdown(AbortSignal.abort());
    await ledger.stop();
  });
  const body = bodyOf([{}]);
  const { port } = receiver.endpoint;
  const first = await rawConnection(port);
  const committed = new Promise<void>((resolve) => {
    store.afterCommit = async () => {
      store.afterCommit = () => Promise.resolve();
      // Closed at the end of this turn of the event loop, after the answer.
      first.socket.destroy();
      resolve();
    };
  });
  first.write(postHead('/v1/reports', body.length));
  first.write(body);
  await committed;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const retry = await rawConnection(port);
  retry.write(postHead('/v1/reports', body.length));
  retry.write(body);
  await retry.until('}');
  expect(retry.received()).toContain('{"accepted":0,"replayed":1,"quarantined":0}');
  retry.socket.destroy();
});
