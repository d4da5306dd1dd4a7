import { expect, test } from 'vitest';
import { PushLoop } from '../../src/delivery/push-loop.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { FakeTime, until } from '../support/fake-time.ts';

function build() {
  const time = new FakeTime();
  const producer = new FakeProducer([{ metric: LEDGER_METRICS.reports, attributes: {}, value: 1 }]);
  const context = exporterContext({ producer, clock: time });
  const pushed: number[] = [];
  const loop = new PushLoop({
    producer,
    interval: 60_000,
    push: async ({ scopeMetrics }) => {
      pushed.push(scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value as number);
    },
    logger: context.logger,
    sleep: time.sleep,
  });
  context.provider.register([loop]);
  const set = (value: number) => {
    producer.series[0]!.value = value;
  };
  return { time, producer, context, pushed, loop, set };
}

test('pushes at once, and then at each interval', async () => {
  const { loop, time, pushed, set } = build();
  loop.start();
  loop.start();
  await until(() => time.waits.length === 1);
  set(2);
  time.advance(60_000);
  await until(() => pushed.length === 2);
  expect(pushed).toEqual([1, 2]);
  await loop.finish();
});

test('pushes a last time at the end, at once, and only if it was started', async () => {
  const { loop, time, pushed, set } = build();
  loop.start();
  await until(() => time.waits.length === 1);
  set(3);
  await loop.finish();
  await loop.finish();
  expect(pushed).toEqual([1, 3]);
  const idle = build();
  await idle.loop.finish();
  expect(idle.pushed).toEqual([]);
});

test('a collection that fails is logged, and the next one comes', async () => {
  const { loop, time, pushed, producer, context } = build();
  producer.failure = new Error('not ready');
  loop.start();
  await until(() => time.waits.length === 1);
  producer.failure = undefined;
  time.advance(60_000);
  await until(() => pushed.length === 1);
  expect(context.logged).toEqual(['error Metrics could not be collected: not ready']);
  await loop.finish();
});

test('a part that could not be collected is logged, and the rest is pushed', async () => {
  const { loop, time, pushed, producer, context } = build();
  producer.errors = ['callback failed'];
  loop.start();
  await until(() => time.waits.length === 1);
  expect(pushed).toEqual([1]);
  expect(context.logged).toEqual(['warn Some metrics could not be collected']);
  await loop.finish();
});
