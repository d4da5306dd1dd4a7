import type { Attributes } from '@opentelemetry/api';
import { formatDuration } from '../../../src/config/duration.ts';
import { type Endpoint, endpointForOthers, formatEndpoint } from '../../../src/config/endpoint.ts';
import type { SeriesSource } from '../../../src/ledger/series/keeper.ts';
import type { ComponentStatus, NextStep, Panel } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { HttpConfig, OtlpReceiverConfig } from './config.ts';

/** A bound that is so full is told. */
const NEARLY = 0.9;
/** Sources on a page. */
const MOST_ROWS = 20;
const LONGEST_NAME = 100;

export interface Listening {
  readonly config: OtlpReceiverConfig;
  /** Ports are the system's choice for endpoints with port 0. Empty before it listens. */
  readonly endpoints: Readonly<Partial<Record<'http' | 'grpc', Endpoint>>>;
  readonly sources: readonly SeriesSource[];
  /** Series that have a place, those that are not shown now included. */
  readonly series: number;
}

/** What `couic-otel-bridge doctor` says of what comes over OTLP. */
export function examineOtlp(of: Listening): Finding[] {
  const { config, sources, series } = of;
  const { max_series: most } = config;
  const stanza = `in the configuration of a Collector:\n${stepOf(of).paste.lines}`;
  if (Object.keys(of.endpoints).length === 0) return [{ level: 'ok', message: stanza }];
  if (series === 0)
    return [
      { level: 'warning', message: `listens on ${whereOf(of)}, and nobody has sent anything yet`, advice: stanza },
    ];
  const current = sources.reduce((sum, source) => sum + source.current, 0);
  const findings: Finding[] = [
    {
      level: 'ok',
      message: `keeps ${series} series of at most ${most}, of ${counted(sources.length, 'sources')}; ${current} of them are shown now`,
    },
  ];
  if (current === 0)
    findings.push({
      level: 'warning',
      message: `none of them is there now: nothing was heard of them for ${formatDuration(config.metric_expiration)}, or who sends them said that they ended`,
      advice:
        'see what the log of the sender says: its requests do not come here, or are refused (the log of the bridge tells those)',
    });
  if (series >= most * NEARLY)
    findings.push({
      level: 'warning',
      message: `${series} of ${most} places of max_series are taken: points of series beyond them are refused`,
      advice: 'raise max_series, some 500 bytes of memory each, or have fewer sent (a filter in the Collector)',
    });
  return findings;
}

/** What a page says of it. */
export function otlpStatus(of: Listening): ComponentStatus {
  const { config, series } = of;
  const isFull = series >= config.max_series;
  return {
    where: whereOf(of),
    trouble: isFull
      ? `all ${config.max_series} places of max_series are taken: points of further series are refused`
      : null,
    steps: series === 0 ? [stepOf(of)] : [],
    panels: [panelOf(of)],
  };
}

function panelOf({ sources }: Listening): Panel {
  const most = [...sources].sort((a, b) => b.series - a.series);
  return {
    title: 'Sources over OTLP',
    text: 'A series that is not heard of for metric_expiration is shown to nobody; its total is kept.',
    columns: ['source', 'instance', 'series', 'shown now'],
    rows: most.slice(0, MOST_ROWS).map(({ attributes, series, current }) => ({
      cells: [
        nameOf(attributes, 'service.name'),
        nameOf(attributes, 'service.instance.id', 'host.name'),
        series,
        current,
      ],
    })),
    leftOut: Math.max(0, most.length - MOST_ROWS),
    empty: 'Nobody has sent anything yet.',
  };
}

/** Of a resource, the first of these that it has. */
function nameOf(attributes: Attributes, ...names: readonly string[]): string {
  const value = names.map((name) => attributes[name]).find((each) => each !== undefined);
  return value === undefined ? '' : printable(String(value), LONGEST_NAME);
}

function whereOf({ config, endpoints }: Listening): string {
  const { http, grpc } = config.protocols;
  const shown = [
    http && `${httpUrl(http, formatEndpoint(endpoints.http ?? http.endpoint))}/v1/metrics`,
    grpc && `${formatEndpoint(endpoints.grpc ?? grpc.endpoint)} (gRPC)`,
  ];
  return shown.filter((each) => each !== undefined).join(', ');
}

/** Without a path, as a Collector wants it. */
export function httpUrl({ tls }: HttpConfig, address: string): string {
  return `${tls ? 'https' : 'http'}://${address}`;
}

function stepOf({ config, endpoints }: Listening): NextStep & Required<Pick<NextStep, 'paste'>> {
  const { http, grpc } = config.protocols;
  const lines = http
    ? ['otlp_http:', `  endpoint: ${httpUrl(http, endpointForOthers(endpoints.http ?? http.endpoint))}`]
    : [
        'otlp_grpc:',
        `  endpoint: ${endpointForOthers(endpoints.grpc ?? grpc!.endpoint)}`,
        ...(grpc!.tls ? [] : ['  tls: { insecure: true }']),
      ];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the Collector
  const token = config.auth ? ['  headers: { Authorization: "Bearer ${env:BRIDGE_TOKEN}" }'] : [];
  return {
    title: 'Have metrics sent here',
    text: 'Put this into the configuration of a Collector, and the exporter into one of its metrics pipelines.',
    paste: {
      where: 'the configuration of a Collector',
      lines: ['exporters:', ...[...lines, ...token].map((line) => `  ${line}`)].join('\n'),
    },
  };
}
