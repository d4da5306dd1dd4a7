import { formatBound, formatOpenMetricsBound } from '../../../src/telemetry/prometheus/bound.ts';
import type { FamilyType } from '../../../src/telemetry/prometheus/families.ts';

/** What differs between the two text formats that Prometheus reads. */
export interface TextFormat {
  readonly contentType: string;
  /** Name in the lines `# HELP` and `# TYPE`. */
  introduced(name: string, type: FamilyType | 'info'): string;
  typeWord(type: FamilyType | 'info'): string;
  escapeHelp(text: string): string;
  /** The value of `le`. */
  bound(bound: number): string;
  readonly end: string;
}

const escapeBackslashes = (text: string) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export const PROMETHEUS_TEXT: TextFormat = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  introduced: (name) => name,
  typeWord: (type) => (type === 'info' ? 'gauge' : type),
  escapeHelp: escapeBackslashes,
  bound: formatBound,
  end: '',
};

/** @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md */
export const OPENMETRICS_TEXT: TextFormat = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  introduced: (name, type) =>
    type === 'counter' ? name.replace(/_total$/, '') : type === 'info' ? name.replace(/_info$/, '') : name,
  typeWord: (type) => type,
  escapeHelp: (text) => escapeBackslashes(text).replace(/"/g, '\\"'),
  bound: formatOpenMetricsBound,
  end: '# EOF\n',
};

/**
 * Which format a scraper asked for.
 * @param accept - its Accept header: `application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5`.
 */
export function negotiate(accept: string | undefined): TextFormat {
  let openMetrics = 0;
  let plain = 0;
  for (const part of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = part.split(';').map((piece) => piece.trim());
    const value = (name: string) =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = Number(value('q') ?? 1);
    const version = value('version');
    if (type === 'application/openmetrics-text' && (version === undefined || version.replaceAll('"', '') === '1.0.0')) {
      openMetrics = Math.max(openMetrics, quality);
    } else if (type === 'text/plain') {
      plain = Math.max(plain, quality);
    }
  }
  return openMetrics > 0 && openMetrics >= plain ? OPENMETRICS_TEXT : PROMETHEUS_TEXT;
}
