import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type Answer, recordingServer } from './recording-server.ts';
import { type CouicReport, reportText } from './report.ts';
import { CHANNEL_CAPACITY, COUIC_TIMINGS, CouicSender, type SenderOptions, scaledTimings } from './sender.ts';

/** A fiftieth of Couic's times: 2 ms, 20 ms to 1.2 s; but time enough for an answer on a busy machine. */
const TIMINGS = { ...scaledTimings(0.02), timeout: 5000 };

function report(index: number): CouicReport {
  const cidr = `192.0.2.${index}/32`;
  return { action: 'add', policy: 'drop', entry: { creation: 1, cidr, tag: null, expiration: 0 }, metadata: null };
}

async function setUp(answer?: Answer, options: Partial<SenderOptions> = {}) {
  const server = await recordingServer(answer);
  const sender = new CouicSender({ webhook: server.webhook, timings: TIMINGS, ...options });
  onTestFinished(async () => {
    await sender.stop();
    await server.close();
  });
  sender.start();
  return { requests: server.requests, sender };
}

test('reports are written byte for byte as Couic writes them', () => {
  const sample = readFileSync(new URL('../../testdata/couic-batch.json', import.meta.url), 'utf8').trim();
  // The sample is of its documentation; what runs puts the keys of "extra" in order.
  const written = sample.replace(/"source_port":(\d+),"scan_type":"SYN","attempts":(\d+)/, (_, port, attempts) => {
    return `"attempts":${attempts},"scan_type":"SYN","source_port":${port}`;
  });
  expect(written).not.toBe(sample);
  expect(`[${(JSON.parse(sample) as CouicReport[]).map(reportText).join()}]`).toBe(written);
});

test('a report is sent as soon as it waits, so that equal bodies follow each other within a second', async () => {
  // A worker that only looked now and then would send them together, after an hour.
  const { requests, sender } = await setUp(undefined, { timings: { ...TIMINGS, look: 3_600_000 } });
  for (let i = 0; i < 3; i++) {
    sender.offer(report(i % 2));
    await expect.poll(() => sender.waiting).toBe(0);
  }
  expect(requests.map(({ body }) => JSON.parse(body))).toEqual([[report(0)], [report(1)], [report(0)]]);
});

test('a metadata of 1.5 MB is sent as any other', async () => {
  const { requests, sender } = await setUp();
  const long = { ...report(1), metadata: { kind: 'k', detail: 'é'.repeat(750_000), extra: null } };
  sender.offer(long);
  await sender.drained();
  expect(JSON.parse(requests[0]!.body)).toEqual([long]);
});

test('new reports do not hurry a retry', async () => {
  const { requests, sender } = await setUp(() => {
    if (requests.length > 1) return 200;
    for (let i = 1; i < 4; i++) sender.offer(report(i));
    return 503;
  });
  sender.offer(report(0));
  await sender.drained();
  expect(requests).toHaveLength(2);
  expect(requests[1]!.at - requests[0]!.at).toBeGreaterThanOrEqual(TIMINGS.backoff - 2);
  expect(JSON.parse(requests[1]!.body)).toEqual([0, 1, 2, 3].map(report));
});

test('sends what waits in one request, with the headers of Couic, over one connection', async () => {
  const { requests, sender } = await setUp();
  for (let i = 0; i < 3; i++) sender.offer(report(i));
  await sender.drained();
  sender.offer(report(3));
  await sender.drained();

  expect(requests.map(({ body }) => JSON.parse(body))).toEqual([[0, 1, 2].map(report), [report(3)]]);
  expect(requests[0]).toMatchObject({
    method: 'POST',
    url: '/v1/reports/550e8400-e29b-41d4-a716-446655440000',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'couic/1.0.2',
      'content-length': String(requests[0]?.body.length),
    },
  });
  expect(requests[1]?.socket).toBe(requests[0]?.socket);
  expect(sender.counts).toEqual({ offered: 4, dropped: 0, acknowledged: 4, attempts: 2, failures: 0 });
});

test('what failed is a prefix of the next body, and the pauses double', async () => {
  let failures = 5;
  const { requests, sender } = await setUp(() => {
    failures -= 1;
    if (failures >= 0) sender.offer(report(failures));
    return failures >= 0 ? 500 : 200;
  });
  sender.offer(report(9));
  await sender.drained();

  expect(requests).toHaveLength(6);
  for (const [index, { body }] of requests.entries()) {
    expect(JSON.parse(body)).toHaveLength(index + 1);
    const before = requests[index - 1]?.body;
    if (before) expect(body.startsWith(`${before.slice(0, -1)},`)).toBe(true);
  }
  const pauses = requests.map(({ at }, index) => at - (requests[index - 1]?.at ?? at)).slice(1);
  for (const [index, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(TIMINGS.backoff * 2 ** index - 2);
  expect(sender.counts).toMatchObject({ acknowledged: 6, attempts: 6, failures: 5 });
});

test('gives up on an answer that does not come in time, and hangs up', async () => {
  let answers = 0;
  const outcomes: unknown[] = [];
  const { requests, sender } = await setUp(() => (answers++ === 0 ? undefined : 200), {
    timings: { ...TIMINGS, timeout: 400 },
    onAttempt: (reports, outcome) => outcomes.push([reports, 'status' in outcome ? outcome.status : outcome.error]),
  });
  sender.offer(report(0));
  await sender.drained();
  expect(outcomes).toEqual([
    [1, 'timeout'],
    [1, 200],
  ]);
  expect(requests[0]?.socket.destroyed).toBe(true);
});

test('a link that is too slow for the timeout is a failure too', async () => {
  const { requests, sender } = await setUp(undefined, { bytesPerSecond: 100, timings: { ...TIMINGS, timeout: 50 } });
  sender.offer(report(0));
  await expect.poll(() => sender.counts.failures).toBeGreaterThan(1);
  expect(requests).toEqual([]);
});

test('a full channel drops what comes, and counts it', async () => {
  const sender = new CouicSender({ webhook: 'http://127.0.0.1:1/' });
  const taken = Array.from({ length: CHANNEL_CAPACITY + 10 }, (_, index) => sender.offer(report(index % 256)));
  expect(taken.filter((each) => each)).toHaveLength(4096);
  expect(sender.counts).toMatchObject({ offered: 4106, dropped: 10 });
  expect(sender.waiting).toBe(4096);
});

test('its times are those of Couic', () => {
  expect(COUIC_TIMINGS).toEqual({ look: 100, timeout: 2000, backoff: 1000, maxBackoff: 60_000 });
});
