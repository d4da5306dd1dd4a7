import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../plugins/exporters/elasticsearch/config.ts';
import { elasticsearchSink } from '../../plugins/exporters/elasticsearch/sink.ts';
import type { CouicEvent } from '../../src/events/event.ts';
import type { Delivery, Failure } from '../../src/events/sink.ts';
import { addedEvent, expiredEvent, quarantinedEvent } from '../support/sample-events.ts';
import { awkwardMetadata } from './tools/awkward-metadata.ts';
import { BlockingBridge } from './tools/blocking-bridge.ts';
import { describeWith } from './tools/describe-with.ts';
import { OpenSearchNode } from './tools/opensearch-node.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy/elasticsearch');
const STREAM = 'logs-couic.events-default';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const file = (name: string) => JSON.parse(readFileSync(join(DEPLOY, name), 'utf8'));

/** What deploy/elasticsearch/README.md has an operator do. */
async function install(node: OpenSearchNode): Promise<void> {
  await node.ask('PUT', '_component_template/couic-events-mappings', file('couic-events-mappings.json'));
  await node.ask('PUT', '_component_template/couic-events-own', file('opensearch/couic-events-own.json'));
  await node.ask('PUT', '_index_template/couic-events', file('couic-events-template.json'));
}

function sinkFor(url: string, options: Record<string, unknown> = {}) {
  let known = 0;
  const sink = elasticsearchSink(schema.parse({ endpoint: url, timeout: '15s', ...options }), {
    version: '1.2.3',
    onKnown: (count) => {
      known += count;
    },
  });
  ends.push(() => sink.close());
  return { send: (events: readonly CouicEvent[]) => sink.send(events, never), known: () => known };
}

interface Found {
  readonly hits: { readonly total: { readonly value: number }; readonly hits: readonly { readonly _source: never }[] };
  readonly aggregations: Record<
    string,
    { readonly buckets: readonly { readonly key: string; readonly doc_count: number }[] }
  >;
}

async function search(node: OpenSearchNode, body: unknown): Promise<Found> {
  await node.ask('POST', `${STREAM}/_refresh`);
  return node.ask<Found>('POST', `${STREAM}/_search`, body);
}

const count = async (node: OpenSearchNode) => (await search(node, { track_total_hits: true })).hits.total.value;
const some = (name: string, many: number) =>
  Array.from({ length: many }, (_, index) => addedEvent({ id: `${name}-${index}` }));

describeWith(['opensearch'], 'OpenSearch, with the templates of deploy/elasticsearch', ({ opensearch }) => {
  let node: OpenSearchNode;
  beforeAll(async () => {
    node = await OpenSearchNode.start(opensearch);
    await install(node);
  });
  afterAll(() => node?.stop());
  afterEach(() => node.ask('DELETE', `_data_stream/${STREAM}`).catch(() => {}));

  test('events are documents of a data stream, each once however often it is sent', async () => {
    const { send, known } = sinkFor(node.url);
    const events = [...some('once', 500), expiredEvent(), quarantinedEvent()];
    expect(await send(events)).toEqual({ refused: [] });
    expect(await send(events)).toEqual({ refused: [] });
    expect(known()).toBe(502);
    expect(await count(node)).toBe(502);
    const { data_streams } = await node.ask<{ data_streams: unknown[] }>('GET', `_data_stream/${STREAM}`);
    expect(data_streams).toHaveLength(1);
  });

  test('within one backing index: after a rollover the same event is there twice, as documented', async () => {
    const { send, known } = sinkFor(node.url);
    await send(some('rolled', 3));
    await node.ask('POST', `${STREAM}/_rollover`);
    await send(some('rolled', 3));
    expect(known()).toBe(0);
    expect(await count(node)).toBe(6);
    const distinct = { size: 0, aggs: { ids: { cardinality: { field: 'event.id' } } } };
    expect((await search(node, distinct)).aggregations).toMatchObject({ ids: { value: 3 } });
  });

  test('whatever came as metadata, no event is refused for it', async () => {
    const { send } = sinkFor(node.url);
    const events = awkwardMetadata().map((metadata, index) => addedEvent({ id: `awkward-${index}`, metadata }));
    expect(await send(events)).toEqual({ refused: [] });
    expect(await count(node)).toBe(events.length);
  });

  test('nor for its network, its times, or its tag', async () => {
    const { send } = sinkFor(node.url);
    const networks = ['::/0', '0.0.0.0/0', '::ffff:102:304/128', '::ffff:0:0/96', '::fffe:0:0/95', '2001:db8::/33'];
    const times = [0, -1, -62_135_596_800_000, 253_402_300_799_999, 2 ** 53, Number.NaN];
    const events = [
      ...networks.map((text) =>
        addedEvent({ network: { text, address: null, type: text.includes(':') ? 'ipv6' : 'ipv4', form: 'plain' } }),
      ),
      ...times.map((time) => addedEvent({ time, creation: time, expiration: time, lifetime: time })),
      ...['', 'x'.repeat(40_000), '\0', '\ud800'].map((tag) => addedEvent({ tag })),
    ].map((event, index) => ({ ...event, id: `odd-${index}` }));
    expect(await send(events)).toEqual({ refused: [] });
    expect(await count(node)).toBe(events.length);
  });

  test('without the template, the mapping is learnt; what does not fit goes aside by itself', async () => {
    const { send } = sinkFor(node.url, { logs_index: 'learnt' });
    const extras = [{ port: 22 }, { port: 'ssh' }, { port: 23 }];
    const events = extras.map((extra, index) => addedEvent({ id: `learnt-${index}`, metadata: { extra } }));
    const outcome = (await send(events)) as Delivery;
    expect(outcome.refused).toEqual([
      { event: events[1], reason: 'mapper_parsing_exception (status 400), field couic.metadata.extra of type long' },
    ]);
  });

  test('in the names of OpenTelemetry: found by an attribute', async () => {
    const { send } = sinkFor(node.url, { mapping: { mode: 'none' }, logs_index: 'plain' });
    expect(await send([...some('plain', 3), expiredEvent(), quarantinedEvent()])).toEqual({ refused: [] });
    await node.ask('POST', 'plain/_refresh');
    const query = { query: { match: { 'Attributes.couic.metadata.detail': 'connection' } } };
    expect((await node.ask<Found>('POST', 'plain/_search', query)).hits.total.value).toBe(3);
  });

  test('an index that is closed, blocked, or has no such pipeline: everything is kept, and arrives later', async () => {
    const { send } = sinkFor(node.url);
    expect(await send(some('first', 1))).toEqual({ refused: [] });
    const block = (on: boolean | null) => node.ask('PUT', `${STREAM}/_settings`, { 'index.blocks.write': on });
    await block(true);
    expect(await send(some('blocked', 2))).toMatchObject({
      reason: 'status_403',
      message: expect.stringContaining('the index may not be written'),
    });
    await block(null);
    const missing = sinkFor(node.url, { pipeline: 'not-there' });
    expect(await missing.send(some('blocked', 2))).toMatchObject({ reason: 'status_400' });
    expect(await send(some('blocked', 2))).toEqual({ refused: [] });
    expect(await count(node)).toBe(3);
  });

  describe('the queries of deploy/elasticsearch/queries', () => {
    const now = Date.now();
    const network = (text: string, address: string | null = null) =>
      ({ text, address, type: 'ipv4', form: 'plain' }) as const;
    const inside = network('198.51.100.64/26');
    const events: CouicEvent[] = [
      addedEvent({ id: 'q-1', time: now }),
      addedEvent({ id: 'q-2', time: now, network: network('192.0.2.0/24'), tag: 'scan', metadata: null }),
      addedEvent({ id: 'q-3', time: now, policy: 'ignore', tag: 'office', metadata: null }),
      addedEvent({ id: 'q-4', time: now - 1000 }),
      addedEvent({
        id: 'q-5',
        time: now,
        instance: 'lyon',
        network: inside,
        tag: 'scan',
        metadata: { detail: 'port scan' },
      }),
      expiredEvent({ id: 'q-6', time: now }),
      expiredEvent({ id: 'q-7', time: now, name: 'couic.rule.taken_out', lifetime: 60_000 }),
      quarantinedEvent({ id: 'q-8', time: now }),
    ];
    const EXPECTED: Readonly<Record<string, (found: Found) => unknown>> = {
      'what-happened-to-an-address': ({ hits }) => expect(hits.total.value).toBe(6),
      'blocked-because-of': ({ hits }) => expect(hits.total.value).toBe(2),
      'most-blocked-tags': ({ aggregations }) =>
        expect(aggregations.tags!.buckets).toEqual([
          { key: 'scan', doc_count: 2 },
          { key: 'ssh-bruteforce', doc_count: 2 },
        ]),
      'blocks-over-time': ({ aggregations }) =>
        expect(aggregations.hours!.buckets.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(4),
      'blocked-again-and-again': ({ aggregations }) =>
        expect(aggregations.addresses!.buckets).toEqual([{ key: '192.0.2.1', doc_count: 2 }]),
      'how-long-blocks-last': ({ aggregations }) =>
        expect(aggregations.tags!.buckets).toMatchObject([
          { key: 'ssh-bruteforce', seconds: { values: { '95.0': 3600 } } },
        ]),
      'by-threat-data': ({ hits }) => expect(hits.total.value).toBe(2),
      'changed-without-a-report': ({ aggregations }) =>
        expect(aggregations.couics!.buckets).toMatchObject([{ key: 'paris', doc_count: 1 }]),
      'networks-in-a-range': ({ hits }) => expect(hits.total.value).toBe(1),
      'reports-that-were-not-valid': ({ aggregations }) =>
        expect(aggregations.reasons!.buckets).toMatchObject([{ key: 'bad_cidr', doc_count: 1 }]),
    };

    test.each(readdirSync(join(DEPLOY, 'queries')).map((name) => name.replace('.json', '')))('%s', async (name) => {
      await sinkFor(node.url).send(events);
      const expected = EXPECTED[name];
      if (expected === undefined) throw new Error(`say in this test what ${name} finds`);
      expected(await search(node, file(`queries/${name}.json`)));
    });
  });
});

describeWith(['opensearch'], 'OpenSearch in trouble', ({ opensearch }) => {
  const start = async (settings: Record<string, string> = {}) => {
    const node = await OpenSearchNode.start(opensearch, settings);
    ends.push(() => node.stop());
    await install(node);
    return node;
  };

  test('killed four times in between: every event is there, once', { timeout: 300_000 }, async () => {
    const node = await start();
    const { send } = sinkFor(node.url);
    let unanswered = 0;
    for (let round = 0; round < 4; round++) {
      const events = some(`killed-${round}`, 500);
      const first = send(events);
      // Somewhere between the request and its answer.
      await new Promise((resolve) => setTimeout(resolve, round * 15));
      await node.kill();
      if ('reason' in (await first)) unanswered++;
      await node.resume();
      await deliver(send, events);
    }
    expect(unanswered).toBeGreaterThan(0);
    expect(await count(node)).toBe(2000);
  });

  test('with the bridge killed ten times: every block is there, once', { timeout: 300_000 }, async () => {
    const node = await start();
    const bridge = await BlockingBridge.start({ elasticsearch: { endpoint: node.url } });
    ends.push(() => bridge.stop());
    for (let kill = 0; kill < 10; kill++) {
      await bridge.block(100);
      await new Promise((resolve) => setTimeout(resolve, kill * 25));
      await bridge.killAndStart();
    }
    const added = { size: 0, query: { term: { 'event.action': 'couic.rule.added' } }, track_total_hits: true };
    await expect.poll(async () => (await search(node, added)).hits.total.value, { timeout: 60_000 }).toBe(1000);
    const distinct = { size: 0, aggs: { ids: { cardinality: { field: 'event.id', precision_threshold: 4000 } } } };
    expect((await search(node, distinct)).aggregations).toMatchObject({ ids: { value: 1000 } });
  });

  test('an answer that never comes: sent again, every event is known, and there once', async () => {
    const node = await start();
    const { send, known } = sinkFor(await silenced(node.url, 1));
    const events = some('silent', 100);
    expect(await send(events)).toMatchObject({ reason: 'connection' });
    expect(await send(events)).toEqual({ refused: [] });
    expect(known()).toBe(100);
    expect(await count(node)).toBe(100);
  });

  test('with bodies of at most 64 KB: a batch is divided, and all of it arrives', async () => {
    const node = await start({ 'http.max_content_length': '64kb' });
    const { send } = sinkFor(node.url);
    expect(await send(some('large', 1000))).toEqual({ refused: [] });
    expect(await count(node)).toBe(1000);
  });

  test('with one thread and a queue of one: what it has no room for is sent again, and all of it arrives once', async () => {
    const node = await start({ 'thread_pool.write.size': '1', 'thread_pool.write.queue_size': '1' });
    const sinks = Array.from({ length: 12 }, () => sinkFor(node.url));
    const reasons = new Set<string>();
    await Promise.all(sinks.map(({ send }, index) => deliver(send, some(`busy-${index}`, 500), reasons)));
    expect([...reasons]).toEqual(['status_429']);
    expect(await count(node)).toBe(6000);
  });
});

/** Sends until all of it was taken. @param reasons - is given those for which it was not. */
async function deliver(
  send: (events: readonly CouicEvent[]) => Promise<Delivery | Failure>,
  events: readonly CouicEvent[],
  reasons = new Set<string>(),
): Promise<void> {
  for (let left = events; left.length > 0; ) {
    const outcome = await send(left);
    if ('reason' in outcome) reasons.add(outcome.reason);
    else {
      expect(outcome.refused).toEqual([]);
      left = outcome.again ?? [];
      if (outcome.failure) reasons.add(outcome.failure.reason);
    }
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A way to a server that hands on every request, and breaks off instead of giving the first answers. @returns its URL. */
async function silenced(url: string, answers: number): Promise<string> {
  let left = answers;
  const server = createServer((client) => {
    const target = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, target]) socket.on('error', () => {});
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
    client.pipe(target);
    target.on('data', (data) => (left-- > 0 ? client.destroy() : client.write(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
