import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../../../plugins/exporters/debug/config.ts';
import { DebugExporter } from '../../../../plugins/exporters/debug/exporter.ts';
import { DebugSink } from '../../../../plugins/exporters/debug/sink.ts';
import { redaction } from '../../../../src/events/privacy.ts';
import type { Fold } from '../../../../src/log/log.ts';
import { exporterContext, noDeadline, type TestContext } from '../../../support/exporter-context.ts';
import { FakeProducer } from '../../../support/fake-producer.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { addedEvent } from '../../../support/sample-events.ts';

const REPORTS = {
  name: 'gate.requests',
  unit: '{request}',
  description: 'What came.',
  attributes: [],
  kind: 'counter',
} as const;
const TIMES = {
  name: 'gate.duration',
  unit: 's',
  description: 'How long.',
  attributes: [],
  kind: 'histogram',
  boundaries: [1, 5],
} as const;

const series = () => [
  { metric: REPORTS, attributes: { 'gate.name': 'a', port: 80 }, value: 7 },
  { metric: REPORTS, attributes: { 'gate.name': 'b' }, value: 8 },
  { metric: TIMES, attributes: {}, value: [0.5, 2, 9] },
];

const running: DebugExporter[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.shutdown(noDeadline);
});

function begun(options: Record<string, unknown>, producer = new FakeProducer(series())) {
  const time = new FakeTime();
  const context = exporterContext({ id: 'debug', producer, clock: time });
  const exporter = new DebugExporter(context, schema.parse(options), time.sleep);
  context.provider.register([exporter.reader!]);
  running.push(exporter);
  return { exporter, context, time, producer };
}

/** What was written of metrics, without the bridge's own. */
const linesOf = ({ logged }: TestContext) => logged.filter((line) => line.startsWith('info '));

describe('metrics', () => {
  test('basic says how many there are, at start, at each interval and at the end', async () => {
    const { exporter, context, time } = begun({ interval: '30s' });
    await exporter.start();
    await until(() => linesOf(context).length === 1 && time.waits.length === 1);
    time.advance(30_000);
    await until(() => linesOf(context).length === 2);
    await exporter.shutdown(noDeadline);
    expect(linesOf(context)).toEqual(['info Metrics', 'info Metrics', 'info Metrics']);
  });

  test('normal has a line for each data point', async () => {
    const { exporter, context } = begun({ verbosity: 'normal' });
    await exporter.start();
    await exporter.shutdown(noDeadline);
    expect(linesOf(context).slice(0, 4)).toEqual([
      'info Metrics',
      'info gate.requests{gate.name=a,port=80} 7',
      'info gate.requests{gate.name=b} 8',
      'info gate.duration{} count=3 sum=11.5 le1=1 le5=1 le+Inf=1',
    ]);
  });

  test('detailed has all there is, as the Collector writes it', async () => {
    const { exporter, context } = begun({ verbosity: 'detailed' });
    await exporter.start();
    await exporter.shutdown(noDeadline);
    const text = linesOf(context)
      .map((line) => line.slice('info '.length))
      .join('\n');
    expect(text).toContain('ResourceMetrics #0\nResource attributes:\n');
    expect(text).toContain('     -> service.name: Str(couic-otel-bridge)\n');
    expect(text).toContain(`InstrumentationScope couic-otel-bridge/ledger 1.2.3
Metric #0
Descriptor:
     -> Name: gate.requests
     -> Description: What came.
     -> Unit: {request}
     -> DataType: Sum
     -> IsMonotonic: true
     -> AggregationTemporality: Cumulative
NumberDataPoints #0
Data point attributes:
     -> gate.name: Str(a)
     -> port: Int(80)
StartTimestamp: 2023-11-14T22:13:20.000Z
Timestamp: 2027-01-15T08:00:00.000Z
Value: 7
`);
    expect(text).toContain(`HistogramDataPoints #0
StartTimestamp: 2023-11-14T22:13:20.000Z
Timestamp: 2027-01-15T08:00:00.000Z
Count: 3
Sum: 11.5
ExplicitBounds #0: 1
ExplicitBounds #1: 5
Buckets #0, Count: 1
Buckets #1, Count: 1
Buckets #2, Count: 1
`);
  });

  test.each(['normal', 'detailed'])(
    '%s writes max_records data points, and of the rest how many',
    async (verbosity) => {
      const { exporter, context } = begun({ verbosity, max_records: 1 });
      await exporter.start();
      await exporter.shutdown(noDeadline);
      const lines = linesOf(context);
      expect(lines.filter((line) => /^info (gate\.requests\{|Value: )/.test(line))).toHaveLength(2);
      expect(lines.filter((line) => /^info … and [2-9]\d* data points more$/.test(line))).toHaveLength(2);
    },
  );
});

test('a log that leaves out the level info is pointed at', async () => {
  const { exporter, context } = begun({});
  context.logger.level = 'warn';
  await exporter.start();
  expect(context.logged).toEqual([
    'warn debug writes lines of the level info, and service.telemetry.logs.level is warn',
  ]);
});

describe('events', () => {
  const events = [addedEvent({ id: 'one' }), addedEvent({ id: 'two' })];

  async function written(options: Record<string, unknown>) {
    const config = schema.parse(options);
    const context = exporterContext({ id: 'debug' });
    expect(await new DebugSink(context, config).send(events.map(redaction(config)))).toEqual({});
    return context.logged;
  }

  test('basic says how many', async () => {
    expect(await written({})).toEqual(['info Logs']);
  });

  test('normal has a sentence for each, detailed its JSON; no more than max_records', async () => {
    expect(await written({ verbosity: 'normal', max_records: 1 })).toEqual([
      'info Logs',
      expect.stringMatching(/^info couic\.rule\.added \S+: 192\.0\.2\.\d+\/32 is blocked/),
      'info … and 1 event more',
    ]);
    const [, , second = ''] = await written({ verbosity: 'detailed' });
    expect(JSON.parse(second.slice('info couic.rule.added '.length))).toMatchObject({ id: 'two' });
  });

  test('an address that is not to be told is in no line', async () => {
    for (const verbosity of ['basic', 'normal', 'detailed']) {
      expect((await written({ verbosity, addresses: 'drop' })).join('\n')).not.toContain('192.0.2.');
    }
    expect((await written({ verbosity: 'normal', addresses: 'truncate' })).join('\n')).toContain('192.0.2.0/24');
  });

  test('the exporter reads them where it stands in a logs pipeline', () => {
    const feeds: unknown[] = [];
    const base = exporterContext({ id: 'debug' });
    const context = {
      ...base,
      has: (signal: string) => signal === 'logs',
      attach: (_: Fold) => ({}) as never,
      eventFeed: (retention: unknown) => {
        feeds.push(retention);
        return { reader: { onErased: () => {} }, logId: '', instances: [] } as never;
      },
    };
    expect(new DebugExporter(context, schema.parse({})).reader).toBeUndefined();
    expect(feeds).toEqual([expect.objectContaining({ maxAge: 168 * 3_600_000, maxBytes: 1024 * 1024 * 1024 })]);
  });
});

test.each([
  [{ verbosity: 'loud' }, 'Invalid option'],
  [{ use_internal_logger: false }, 'everything goes to the log of the bridge'],
  [{ max_records: 0 }, 'Too small'],
  [{ addresses: 'hmac' }, 'addresses: hmac needs hmac_key_file'],
])('%o is refused', (options, message) => {
  expect(z.prettifyError(schema.safeParse(options).error!)).toContain(message);
});
