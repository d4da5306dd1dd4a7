import { expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import { bodyOf, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { rawConnection } from '../support/raw-http.ts';
import { receiverContext } from '../support/receiver-context.ts';

/**
 * Seen behind a real nginx, which asks for `Connection: close`: an answer with which the bridge closed the connection itself
 * was not known to have gone out, so that the next body, equal to it, was taken for its retry.
 */
test('equal bodies that each come on a connection of their own, closed with the answer, are counted', async () => {
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
  for (let i = 0; i < 3; i++) {
    const client = await rawConnection(receiver.endpoint.port);
    client.write(
      `POST /v1/reports HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await client.until('}');
    expect(client.received()).toContain('{"accepted":1,"replayed":0,"quarantined":0}');
    client.socket.destroy();
  }
});
