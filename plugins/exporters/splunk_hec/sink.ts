import { HttpSink } from '../../../src/events/http-sink.ts';
import { encodedOnce } from '../../../src/events/in-parts.ts';
import type { SplunkHecConfig } from './config.ts';
import { judgeHecAnswer } from './hec-answer.ts';
import { hecEvent } from './hec-event.ts';

/** The HTTP Event Collector of Splunk, and of what else speaks as it does. @param version - of the bridge. */
export function splunkHecSink(config: SplunkHecConfig, version: string): HttpSink {
  return new HttpSink(version, config, {
    targets: [{ url: collectorUrl(config.endpoint) }],
    headers: {
      authorization: `Splunk ${config.token}`,
      'content-type': 'application/json',
      __splunk_app_name: config.splunk_app_name,
      __splunk_app_version: config.splunk_app_version ?? version,
    },
    gzip: !config.disable_compression,
    mostBytes: config.max_content_length_logs,
    parallel: 4,
    encoded: encodedOnce((event) => hecEvent(event, config)),
    body: (events) => events.map(({ text }) => text).join('\n'),
    judge: (answer, _, shown) => judgeHecAnswer(answer, shown),
  });
}

/** As the Collector's exporter has it. */
function collectorUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/services/collector';
  return url.href;
}
