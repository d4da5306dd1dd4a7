import { HttpSink } from '../../../src/events/http-sink.ts';
import { encodedOnce } from '../../../src/events/in-parts.ts';
import { shownUrl } from '../../../src/telemetry/shown-url.ts';
import { FILTER_PATH, judgeItems } from './bulk-answer.ts';
import { bulkEncoder } from './bulk-lines.ts';
import type { ElasticsearchConfig } from './config.ts';
import { judgeRefusal } from './refusal.ts';

/** Bytes of an answer that are read: what is said of an event that was not taken can be long. */
const ANSWER_A_REQUEST = 65_536;
const ANSWER_AN_EVENT = 16_384;

interface SinkContext {
  /** Of the bridge. */
  readonly version: string;
  /** Told of events that were there already. */
  readonly onKnown?: (count: number) => void;
}

/** The bulk API of Elasticsearch and OpenSearch: each event is created under its own id, so that the same one is not created again. */
export function elasticsearchSink(config: ElasticsearchConfig, { version, onKnown }: SinkContext): HttpSink {
  const endpoints = config.endpoints ?? [config.endpoint as string];
  return new HttpSink(version, config, {
    targets: endpoints.map((endpoint) => ({ url: bulkUrl(endpoint, config.pipeline), shown: shownUrl(endpoint) })),
    headers: { ...authorization(config), 'content-type': 'application/x-ndjson', accept: 'application/json' },
    gzip: config.compression === 'gzip',
    mostBytes: Number.POSITIVE_INFINITY,
    parallel: 4,
    encoded: encodedOnce(bulkEncoder(config)),
    body: (events) => events.map(({ text }) => text).join(''),
    answerBounds: (events) => ({ most: ANSWER_A_REQUEST + events * ANSWER_AN_EVENT, patience: config.timeout }),
    judge(answer, events, shown) {
      if (answer.status !== 200) return judgeRefusal(answer, shown);
      const judged = judgeItems(events, answer.body, shown);
      if ('reason' in judged) return judged;
      if (judged.known > 0) onKnown?.(judged.known);
      return judged.delivery;
    },
  });
}

function bulkUrl(endpoint: string, pipeline: string | undefined): string {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/_bulk`;
  url.searchParams.set('filter_path', FILTER_PATH);
  if (pipeline !== undefined) url.searchParams.set('pipeline', pipeline);
  return url.href;
}

function authorization({ user, password, api_key }: ElasticsearchConfig): Record<string, string> {
  if (api_key !== undefined) return { authorization: `ApiKey ${api_key}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
