import { MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { deliveryObserver } from '../../src/delivery/delivery-observer.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { FakeTime } from '../support/fake-time.ts';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

function build() {
  const time = new FakeTime();
  const context = exporterContext({ id: 'otlp_http', clock: time });
  const reader = new Reader();
  context.provider.register([reader]);
  const { meter, logger, logged } = context;
  const observer = deliveryObserver({ exporter: 'otlp_http', meter, logger, clock: time });
  const values = async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value]),
      ),
    );
  };
  const shown = () => logged.filter((line) => !line.startsWith('debug'));
  return { observer, time, values, shown };
}

const down = { kind: 'retryable', reason: 'status_503', message: 'it answered 503' } as const;

test('counts what was sent, what failed and what was dropped, by exporter and reason', async () => {
  const { observer, values } = build();
  observer.sent();
  observer.sent();
  observer.failed(down);
  observer.dropped('queue_full', 'too many');
  expect(await values()).toEqual([
    ['couic.bridge.exporter.sent_requests', { exporter: 'otlp_http' }, 2],
    ['couic.bridge.exporter.send_failed_requests', { exporter: 'otlp_http', reason: 'status_503' }, 1],
    ['couic.bridge.exporter.dropped_requests', { exporter: 'otlp_http', reason: 'queue_full' }, 1],
  ]);
});

test('logs when it begins to fail, when the reason changes, each hour, and when it is over', () => {
  const { observer, time, shown } = build();
  observer.sent();
  observer.failed(down);
  time.advance(1000);
  observer.failed(down);
  observer.dropped('retry_exhausted', 'it answered 503');
  time.advance(1000);
  observer.failed({ kind: 'retryable', reason: 'connection', message: 'it is not reached' });
  time.advance(3_600_000);
  observer.failed({ kind: 'retryable', reason: 'connection', message: 'it is not reached' });
  observer.sent();
  observer.sent();
  expect(shown()).toEqual([
    'warn Metrics are not sent: it answered 503',
    'warn Metrics are not sent: it is not reached',
    'warn Metrics are not sent: it is not reached',
    'info Metrics are sent again after 3602 s; 1 request was dropped meanwhile',
  ]);
});
