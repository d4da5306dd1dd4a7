import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { LapiClient } from '../../plugins/exporters/crowdsec/lapi-client.ts';
import { CouicApiClient } from '../../plugins/receivers/couic_api/api-client.ts';
import type { HttpClientOptions } from '../../src/delivery/http-client.ts';
import { HttpPoster } from '../../src/delivery/http-poster.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';

/** What a server does with a connection on which a request has come. */
type Behaviour = (socket: Socket, write: (text: string) => boolean) => void;

const ends: (() => unknown)[] = [];
let written = 0;

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that knows no HTTP: it says what it is told to. */
async function open(behave: Behaviour): Promise<string> {
  written = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const write = (text: string) => {
      written += text.length;
      return socket.write(text);
    };
    socket.once('data', () => behave(socket, write));
  }).listen(0, '127.0.0.1');
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return `http://127.0.0.1:${port}`;
}

/** Says it again and again, for as long as there is somebody: some of it in each turn, so that the client has its own. */
const endlessly =
  (text: string): Behaviour =>
  (socket, write) => {
    const much = text.repeat(Math.ceil(65_536 / text.length));
    const go = () => {
      if (socket.destroyed) return;
      if (write(much)) setImmediate(go);
      else socket.once('drain', () => setImmediate(go));
    };
    go();
  };

const then =
  (first: string, behave: Behaviour): Behaviour =>
  (socket, write) => {
    write(first);
    behave(socket, write);
  };

const nothing: Behaviour = () => {};
const end: Behaviour = (socket) => void socket.end();
const reset: Behaviour = (socket) => void socket.resetAndDestroy();

/** Each way to send, with the status that means "taken". */
const SENDERS: Record<
  string,
  { taken: number; send: (url: string, options?: Partial<HttpClientOptions>) => Promise<Outcome> }
> = {
  'a window to LAPI': {
    taken: 201,
    async send(endpoint, options) {
      const client = new LapiClient({ endpoint, timeout: 2000, userAgent: 'a/b', ...options });
      ends.push(() => client.close());
      const outcome = await client.push('{}');
      return outcome.kind === 'failure' ? { reason: `status_${outcome.status}`, ...outcome } : outcome;
    },
  },
  'metrics to a Collector or a Prometheus': {
    taken: 200,
    async send(url, options) {
      const retryable = (status: number) => status >= 500;
      const poster = new HttpPoster({ url, headers: {}, timeout: 2000, retryable, ...(options as object) });
      ends.push(() => poster.close());
      return poster.post(Buffer.from('body'), new AbortController().signal);
    },
  },
};

for (const [name, { taken, send }] of Object.entries(SENDERS)) {
  const head = (status: number, headers = '') => `HTTP/1.1 ${status} x\r\n${headers}\r\n`;
  const chunked = 'Transfer-Encoding: chunked\r\n';

  test.each<[string, Behaviour]>([
    ['a body without end', then(head(taken, chunked), endlessly(`4000\r\n${'x'.repeat(0x4000)}\r\n`))],
    ['a body until the connection closes, which it does not', then(head(taken), endlessly('x'.repeat(65_536)))],
    ['a body that does not come', then(head(taken, 'Content-Length: 10\r\n'), nothing)],
    ['a body that breaks off', then(`${head(taken, 'Content-Length: 10\r\n')}abc`, end)],
    ['a body that breaks off hard', then(`${head(taken, chunked)}3\r\nabc\r\n`, reset)],
    ['chunks that are none', then(`${head(taken, chunked)}zz\r\n`, nothing)],
    [
      'a body of 4 GB that it says it has',
      then(head(taken, 'Content-Length: 4294967296\r\n'), endlessly('x'.repeat(65_536))),
    ],
    ['what says it is gzip', then(`${head(taken, 'Content-Encoding: gzip\r\nContent-Length: 3\r\n')}abc`, nothing)],
    ['some 103 before it', then(head(103, 'Link: a\r\n').repeat(5) + head(taken, 'Content-Length: 0\r\n'), nothing)],
  ])(`${name}: ${taken} with %s is taken`, async (_, behave) => {
    expect(await send(await open(behave))).toEqual({ kind: 'success' });
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  test.each<[string, Behaviour, string]>([
    ['103 without end', endlessly(head(103, 'Link: a\r\n')), 'protocol'],
    ['102 now and then, and nothing else', then(head(102), nothing), 'timeout'],
    ['headers without end', then('HTTP/1.1 201 x\r\n', endlessly(`a: ${'x'.repeat(1000)}\r\n`)), 'protocol'],
    ['a status line that does not end', then('HTTP/1.1 20', nothing), 'timeout'],
    ['a change of protocol that nobody asked for', then(head(101, 'Upgrade: a\r\n'), nothing), 'protocol'],
    ['another protocol', then('SSH-2.0-OpenSSH_9.2\r\n', nothing), 'protocol'],
    ['nothing, and an end', end, 'connection'],
    ['nothing, and a reset', reset, 'connection'],
    ['nothing at all', nothing, 'timeout'],
  ])(`${name}: %s is a failure that comes again`, async (_, behave, reason) => {
    const outcome = await send(await open(behave), { timeout: 500 });
    expect(outcome).toMatchObject({ kind: 'retryable', reason });
  });

  test(`${name}: what a server says is cut, and harmless`, async () => {
    const message = `\u001b]0;owned\u0007\u009b2J\u202e${'x'.repeat(100_000)}`;
    const body = JSON.stringify({ message });
    for (const [status, text] of [
      [503, message],
      [503, body],
      [422, body],
    ] as const) {
      const outcome = await send(
        await open(then(`${head(status, `Content-Length: ${Buffer.byteLength(text)}\r\n`)}${text}`, nothing)),
      );
      expect(outcome.kind).toBe(status === 503 ? 'retryable' : 'failure');
      const said = (outcome as { message: string }).message;
      expect(said.length).toBeLessThan(1000);
      expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test(`${name}: Retry-After is read as seconds or as a date`, async () => {
    const date = 'Date: Thu, 01 Jan 2026 12:00:00 GMT\r\n';
    for (const [header, milliseconds] of [
      ['7', 7000],
      ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
      ['99999999', 3_600_000],
    ]) {
      const url = await open(then(head(503, `${date}Retry-After: ${header}\r\nContent-Length: 0\r\n`), nothing));
      expect(await send(url)).toMatchObject({ kind: 'retryable', retryAfter: milliseconds });
    }
  });
}

test('Couic: counters without end, and rules that break off, are failures', async () => {
  const clientOf = (url: string) => {
    const client = new CouicApiClient({ endpoint: { url, shown: url }, timeout: 500, userAgent: 'a/b' });
    ends.push(() => client.close());
    return client;
  };
  const { signal } = new AbortController();
  const head = 'HTTP/1.1 200 x\r\nContent-Type: application/json\r\n';
  const endless = await open(then(`${head}\r\n`, endlessly('[[[['.repeat(10_000))));
  await expect(clientOf(endless).metrics('t', signal)).rejects.toMatchObject({ failure: 'not_couic' });
  expect(written).toBeLessThan(16 * 1024 * 1024);
  const half = await open(then(`${head}Content-Length: 100\r\n\r\n[{`, end));
  await expect(clientOf(half).metrics('t', signal)).rejects.toMatchObject({ failure: 'broken_off' });
  const list = await clientOf(await open(then(`${head}Content-Length: 100\r\n\r\n[{`, reset))).rules(
    'drop',
    't',
    signal,
  );
  await expect(
    (async () => {
      for await (const _ of list) {
      }
    })(),
  ).rejects.toMatchObject({ failure: 'broken_off' });
  const mute = await open(then(`${head}\r\n`, nothing));
  await expect(clientOf(mute).metrics('t', signal)).rejects.toMatchObject({ failure: 'broken_off' });
  const early = await open(endlessly('HTTP/1.1 103 x\r\n\r\n'));
  await expect(clientOf(early).rules('drop', 't', signal)).rejects.toMatchObject({ failure: 'protocol' });
});
