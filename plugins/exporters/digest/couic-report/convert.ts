import { formatDuration } from '../../../../src/config/duration.ts';
import { formatEndpoint } from '../../../../src/config/endpoint.ts';
import type { CouicReportSettings } from './settings.ts';

/** Milliseconds: that of option `interval`. */
const LONGEST_INTERVAL = 86_400_000;

/** What stands in the configuration in place of its secrets: references. */
interface References {
  readonly token: string;
  readonly webhookUrl: string;
}

interface Converted {
  readonly yaml: string;
  /** What will be other than it was, a sentence or two each. */
  readonly differences: readonly string[];
}

/** A whole configuration of the bridge that does what couic-report did, and shows metrics. It holds no secret. */
export function convert(
  { server, batch_interval_secs: seconds, thresholds, discord }: CouicReportSettings,
  unknown: readonly string[],
  { token, webhookUrl }: References,
): Converted {
  const interval = Math.min(seconds * 1000, LONGEST_INTERVAL);
  const { orange, red, threshold_min: least } = thresholds;
  const logs = '    logs:\n      receivers: [couic]\n      exporters: [digest]\n';
  const yaml = `# Made by couic-otel-bridge import-couic-report. All options: docs/configuration.md
receivers:
  couic:
    endpoint: ${quoted(formatEndpoint({ host: server.addr, port: server.port }))}
    instances:
      - name: couic
        token: ${token}

exporters:
  # http://127.0.0.1:9464/metrics
  prometheus:
    endpoint: 127.0.0.1:9464
${
  discord === undefined
    ? ''
    : `
  digest:
    name: ${quoted(server.name.replaceAll('$', '$$$$'))}
    interval: ${formatDuration(interval)}
    thresholds: { orange: ${orange}, red: ${Math.max(red, 1)}, threshold_min: ${least} }
    notifiers:
      discord:
        - webhook_url: ${webhookUrl}
`
}
extensions:
  file_storage:
    directory: \${env:STATE_DIRECTORY:-./data}
  health_check:
    endpoint: 127.0.0.1:13133
  # A page that says whether it works, and what to do next
  status_page:
    endpoint: 127.0.0.1:13134
    token: \${env:COUIC_STATUS_PAGE_TOKEN:-}

service:
  extensions: [file_storage, health_check, status_page]
  pipelines:
    metrics:
      receivers: [couic]
      exporters: [prometheus]
${discord === undefined ? '' : logs}`;
  return { yaml, differences: [...differences(seconds, discord !== undefined, unknown)] };
}

function* differences(seconds: number, hasDiscord: boolean, unknown: readonly string[]): Generator<string> {
  if (hasDiscord) {
    if (seconds * 1000 > LONGEST_INTERVAL)
      yield `batch_interval_secs = ${seconds} is longer than the bridge takes: interval is 24h.`;
    yield 'What is counted survives a restart, and an interval goes on over it: couic-report began again at nothing.';
    yield 'A report that Couic sends again is counted once, and one that is not valid does not hold up those beside it.';
    yield 'A message that Discord did not take is sent again, for 24 hours. The time in it is that of the end of its interval.';
    yield 'The message names five tags in place of one, and each Couic when there are several: top_tags: 1 leaves the tags out. With a receiver couic_api it tells dropped packets.';
    yield 'threshold_min: green is silent on an interval without a report, as couic-report is, though the comments in its configuration say otherwise.';
  } else {
    yield 'There is no [discord]: couic-report told nobody what it counted, and there is no exporter digest here.';
  }
  yield 'Bodies over 2 MB are taken: couic-report answered 413, and Couic sent them again for ever.';
  yield 'Metrics are shown to Prometheus at 127.0.0.1:9464, a status page to browsers of this host at 127.0.0.1:13134, and state is kept in a directory.';
  if (unknown.length > 0) yield `Not read, by couic-report neither: ${unknown.join(', ')}.`;
}

/** JSON's strings are YAML's. */
function quoted(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9 ._-]*[A-Za-z][A-Za-z0-9_-]*$/.test(text) && !RESERVED.test(text)
    ? text
    : JSON.stringify(text);
}

/** Words that mean something else without quotes, and what might be a number. */
const RESERVED = /^(true|false|null|yes|no|on|off|[\d.]+e?[\d.]*|0[xo].*|\.?(inf|nan))$/i;
