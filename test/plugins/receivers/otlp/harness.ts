import { configSchema } from '../../../../plugins/receivers/otlp/config.ts';
import { GrpcListener } from '../../../../plugins/receivers/otlp/grpc-listener.ts';
import { OtlpReceiver } from '../../../../plugins/receivers/otlp/receiver.ts';
import { LogRunner } from '../../../../src/log/runner.ts';
import type { SourcedMetrics } from '../../../../src/service/metric-source.ts';
import { FakeLedger } from '../../../support/fake-ledger.ts';
import { MemoryEngine, MemoryLog } from '../../../support/memory-engine.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

/** A receiver over a log in memory. */
export class Host {
  readonly receiver: OtlpReceiver;
  readonly context: ReturnType<typeof receiverContext>;
  readonly runner: LogRunner;
  /** Runs as an append is about to be committed. */
  commit: () => Promise<void> = async () => {};

  constructor(config: Record<string, unknown>, log = new MemoryLog()) {
    const context = receiverContext(new FakeLedger(), { id: 'otlp' });
    const { clock } = context;
    const engine = new MemoryEngine(log, { now: () => clock.now(), commit: () => this.commit() });
    this.runner = new LogRunner({ engine, clock, logger: { warn: () => {} } });
    this.context = context;
    const attach = (fold: Parameters<typeof context.attach>[0]) => {
      this.runner.attach('receiver/otlp', fold);
      return this.runner.topic('receiver/otlp');
    };
    this.receiver = new OtlpReceiver({ ...context, attach }, configSchema.parse(config), GrpcListener);
  }

  async start(): Promise<this> {
    await this.runner.load();
    await this.receiver.start();
    return this;
  }

  async end(): Promise<void> {
    await this.receiver.shutdown(AbortSignal.timeout(2000));
    await this.runner.close(AbortSignal.abort());
  }

  get url(): string {
    const { port } = this.receiver.endpoints.http!;
    return `http://127.0.0.1:${port}/v1/metrics`;
  }

  /** Values by resource, metric and attribute `n`. */
  async totals(): Promise<Record<string, unknown>> {
    const { source, names } = this.receiver.metrics;
    const { resourceMetrics } = await source.producer(names).collect();
    return Object.fromEntries(
      (resourceMetrics.scopeMetrics as SourcedMetrics[]).flatMap(({ resource, metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => [
            `${resource?.attributes.host} ${descriptor.name} ${attributes.n}`,
            value,
          ]),
        ),
      ),
    );
  }
}
