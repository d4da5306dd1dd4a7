import { describe, expect, test } from 'vitest';
import { bodyOf } from '../support/ledger.ts';
import { postHead, type RawConnection, rawConnection } from '../support/raw-http.ts';
import { startBridge } from './bodies.ts';

const isLong = process.env.FUZZ_RUNS !== undefined;
/** The default is 30 s. */
const TIMEOUT = isLong ? 3000 : 300;
const body = bodyOf([1, 2, 3].map((n) => ({ cidr: `10.0.0.${n}/32` })));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends so many bytes at a time, until the server has had enough or all is sent. */
async function trickle(client: RawConnection, bytes: number, every: number): Promise<void> {
  for (let at = 0; at < body.length && client.socket.writable && client.received() === ''; at += bytes) {
    client.write(body.slice(at, at + bytes));
    await pause(every);
  }
}

async function begin(port: number, path: string): Promise<RawConnection> {
  const client = await rawConnection(port);
  client.write(postHead(path, body.length));
  return client;
}

describe('a body that', () => {
  test('stands still ends by itself', async () => {
    const { path, port } = await startBridge(1, { bodyStallTimeout: TIMEOUT });
    const client = await begin(port, path(0));
    client.write(body.slice(0, 100));
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 .*ERR_BODY_STALLED/s);
  });

  test('brings one byte in two thirds of that time ends by itself, too: that is 20 s of 30', async () => {
    const { path, port } = await startBridge(1, { bodyStallTimeout: TIMEOUT });
    const client = await begin(port, path(0));
    await trickle(client, 1, (2 / 3) * TIMEOUT);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 .*ERR_BODY_STALLED/s);
  });

  test('is slow, but moves, is not cut, however long it takes', async () => {
    const { counted, path, port } = await startBridge(1, { bodyStallTimeout: TIMEOUT });
    const client = await begin(port, path(0));
    await trickle(client, 10, TIMEOUT / 6);
    await client.until('"accepted"');
    expect(await counted(0)).toBe(3);
    client.socket.destroy();
  });

  test('stalls ends with the next one of its instance, and of no other', async () => {
    const { counted, path, port } = await startBridge(2);
    const stalled = await Promise.all([0, 0, 1].map((index) => begin(port, path(index))));
    const [earlier, later, other] = stalled as [RawConnection, RawConnection, RawConnection];
    other.write(body.slice(0, -5));
    // One of the two was begun after the other, and has ended it.
    expect(await Promise.race([earlier.closed(), later.closed()])).toMatch(/^HTTP\/1.1 503 .*ERR_SUPERSEDED/s);
    const last = await begin(port, path(0));
    last.write(body);
    await last.until('"accepted":3');
    for (const client of [earlier, later]) expect(await client.closed()).toContain('ERR_SUPERSEDED');
    expect(await counted(0)).toBe(3);
    other.write(body.slice(-5));
    await other.until('200 OK');
    expect(await counted(1)).toBe(3);
    for (const client of [last, other]) client.socket.destroy();
  });
});
