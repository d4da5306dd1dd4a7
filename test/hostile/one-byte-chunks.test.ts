import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { bodyOf } from '../support/ledger.ts';
import { postHead, rawConnection } from '../support/raw-http.ts';
import { startBridge } from './bodies.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const bodies = process.env.FUZZ_RUNS === undefined ? 2 : 20;
/** More bytes than the bridge takes ahead of the disk, each in a chunk of its own. */
const reports = Array.from({ length: 2600 }, (_, i) => ({ cidr: `10.0.${i >> 8}.${i & 255}/32` }));
const text = bodyOf(reports);
const chunks = Buffer.from(`${[...text].map((character) => `1\r\n${character}\r\n`).join('')}0\r\n\r\n`);

test('bytes in chunks of one are joined: what waits for the disk takes little more than its bytes', async () => {
  const { counted, path, port, store } = await startBridge(bodies);
  const held: (() => void)[] = [];
  store.afterCommit = () => new Promise((resolve) => held.push(resolve));
  const clients = await Promise.all(Array.from({ length: bodies }, () => rawConnection(port)));
  const used = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1e6;
  };
  const before = used();
  for (const [index, client] of clients.entries()) {
    client.write(postHead(path(index), 'chunked'));
    client.write(chunks);
  }
  await expect.poll(() => held.length, { timeout: 20_000 }).toBeGreaterThan(0);
  // What the wire takes, it takes.
  for (let last = -1; last !== sent(); await new Promise((resolve) => setTimeout(resolve, 300))) last = sent();
  expect((used() - before) / bodies).toBeLessThan(6);
  store.afterCommit = () => Promise.resolve();
  for (const release of held) release();
  await Promise.all(clients.map((client) => client.until(`"accepted":${reports.length}`)));
  for (let index = 0; index < bodies; index++) expect(await counted(index)).toBe(reports.length);
  for (const client of clients) client.socket.destroy();

  function sent(): number {
    return clients.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0);
  }
});
