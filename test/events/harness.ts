import { z } from 'zod';
import type { CouicEvent } from '../../src/events/event.ts';
import { EventExporter } from '../../src/events/event-exporter.ts';
import { type EventOptions, eventOptions } from '../../src/events/options.ts';
import type { Delivery, EventSink, Failure } from '../../src/events/sink.ts';
import { LogRunner } from '../../src/log/runner.ts';
import type { EventFeed, ExporterContext } from '../../src/service/component.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { FakeTime } from '../support/fake-time.ts';
import { newLedger } from '../support/ledger.ts';
import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';

export function optionsOf(options: Record<string, unknown> = {}): EventOptions {
  return z.strictObject(eventOptions).parse(options);
}

/** Takes everything, and remembers it; `answer` says otherwise. */
export class FakeSink implements EventSink {
  readonly shown = 'https://siem.example';
  parallel = 1;
  readonly batches: CouicEvent[][] = [];
  answer: (events: readonly CouicEvent[]) => Delivery | Failure | Promise<Delivery | Failure> = () => ({});

  async send(events: readonly CouicEvent[]): Promise<Delivery | Failure> {
    this.batches.push([...events]);
    return this.answer(events);
  }

  get ids(): string[] {
    return this.batches.flat().map(({ id }) => id);
  }
}

/** A ledger and one exporter of events over a log in memory that outlives them. */
export class EventHarness {
  readonly log: MemoryLog;
  readonly time = new FakeTime();
  readonly sink = new FakeSink();
  readonly runner: LogRunner;
  readonly ledger: ReturnType<typeof newLedger>['ledger'];
  readonly exporter: EventExporter;
  readonly context: ReturnType<typeof exporterContext>;

  constructor(options: Record<string, unknown> = {}, log = new MemoryLog(), minimumLogBytes = 16 * 1024 * 1024) {
    this.log = log;
    const clock = this.time;
    const engine = new MemoryEngine(log, { now: () => clock.now() });
    this.runner = new LogRunner({ engine, clock, logger: { warn: () => {} }, minimumLogBytes });
    this.ledger = newLedger(this.runner, clock, { hasEvents: true }).ledger;
    const { runner } = this;
    this.context = exporterContext({ id: 'siem', clock });
    const context: ExporterContext = {
      ...this.context,
      has: (signal) => signal === 'logs',
      eventFeed: (retention): EventFeed => ({
        reader: runner.reader('siem', retention),
        instances: ['couic', 'edge'],
        get logId() {
          return runner.identity.logId;
        },
      }),
      attach(fold) {
        runner.attach('exporter/siem', fold);
        return runner.topic('exporter/siem');
      },
    };
    this.exporter = new EventExporter(context, optionsOf(options), this.sink, {
      sleep: clock.sleep,
      random: () => 0.5,
    });
  }

  async start(): Promise<this> {
    await this.runner.load();
    await this.ledger.start();
    await this.ledger.lead();
    await this.exporter.start();
    return this;
  }

  /** In order. */
  async stop(): Promise<void> {
    const stopping = this.exporter.shutdown(new AbortController().signal);
    await stopping;
    await this.ledger.stop();
    await this.runner.close();
  }
}
