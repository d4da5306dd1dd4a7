import { JetStreamEngine } from '../../../src/log/jetstream/engine.ts';
import { LEASE_TOPIC, Lease } from '../../../src/log/lease.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import type { BridgeLease, Extension, ExtensionContext } from '../../../src/service/component.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { observableGauge } from '../../../src/telemetry/instruments.ts';
import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import type { JetStreamStorageConfig } from './config.ts';
import { connectTo } from './connect.ts';
import { LOG_METRICS } from './metrics.ts';

/** Words are on their way when the process ends. */
const LAST_WORDS_MS = 200;
/** How often the stream is looked at. */
const LOOK_MS = 15_000;
/** Part of `max_bytes` from which it is said. */
const FULL = 0.8;

/** The log in a stream of NATS JetStream, which several bridges may share. */
export class JetStreamStorage implements Extension {
  readonly log: LogRunner;
  readonly lease: BridgeLease;
  readonly #context: Pick<ExtensionContext, 'logger'>;
  readonly #config: JetStreamStorageConfig;
  readonly engine: JetStreamEngine;
  readonly #lease: Lease;
  readonly #exit: () => void;
  #isEnding = false;
  #looking: NodeJS.Timeout | undefined;
  /** Of the stream, bytes. */
  #size: number | undefined;

  /** @param exit - ends the process at once: whoever supervises it starts it anew, and then it begins with the newest snapshot. */
  constructor(context: ExtensionContext, config: JetStreamStorageConfig, exit = () => process.exit(1)) {
    const { clock, health, logger, version } = context;
    const { stream, replicas, max_bytes: maxBytes, directory } = config;
    this.#context = context;
    this.#config = config;
    this.#exit = exit;
    const connect = () => connectTo(config, `couic-otel-bridge/${version}`);
    const giveUp = (why: string) => this.#giveUp(why);
    this.engine = new JetStreamEngine({
      ...{ connect, stream, replicas, maxBytes, directory, clock, health, logger },
      onLost: giveUp,
    });
    this.#lease = new Lease({ clock, logger, onLost: giveUp });
    const tends = () => this.#lease.held || this.#isEnding;
    const onErasedElsewhere = () => giveUp('another bridge has erased something that this one holds as well');
    this.log = new LogRunner({ engine: this.engine, clock, logger, tends, onErasedElsewhere });
    this.log.attach(LEASE_TOPIC, this.#lease);
    this.#observe(context.meter, maxBytes);
    const lease = this.#lease;
    this.lease = {
      get held() {
        return lease.held;
      },
      acquire: () => lease.acquire(this.log.topic(LEASE_TOPIC), this.log.identity.instanceId),
      giveUp,
    };
  }

  async start(): Promise<void> {
    await this.log.load();
    this.#looking = setInterval(() => void this.#look(), LOOK_MS).unref();
    await this.#look();
  }

  async #look(): Promise<void> {
    const found = await this.engine.look().catch(() => undefined);
    this.#size = found?.bytes;
  }

  #observe(meter: ExtensionContext['meter'], limit: number): void {
    const observe = (metric: MetricDefinition<'gauge'>, value: () => number | undefined) =>
      observableGauge(meter, metric).addCallback((result) => {
        const now = value();
        if (now !== undefined) result.observe(now);
      });
    observe(LOG_METRICS.lease, () => Number(this.#lease.held));
    observe(LOG_METRICS.writable, () => Number(this.engine.isWritable));
    observe(LOG_METRICS.silence, () => this.engine.silence && this.engine.silence / 1000);
    observe(LOG_METRICS.size, () => this.#size);
    observe(LOG_METRICS.limit, () => limit);
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    clearInterval(this.#looking);
    this.#isEnding = this.#lease.held;
    await this.#lease.end();
    await this.log.close(deadline);
  }

  async examine(): Promise<readonly Finding[]> {
    const { stream, max_bytes: most } = this.#config;
    const { bytes, server, replicas, current } = await this.engine.look();
    const { held, holder = 'no bridge' } = this.#lease;
    return [
      roomOf(`stream ${stream}, asked at ${server}, holds ${mib(bytes)} of ${mib(most)}`, bytes / most),
      copiesOf(replicas, current),
      { level: 'ok', message: held ? 'this bridge has the lease' : `${holder} has the lease` },
    ];
  }

  #giveUp(why: string): void {
    if (this.#isEnding) return;
    this.#context.logger.fatal(`${why}: this bridge ends, and is to be started anew`);
    setTimeout(this.#exit, LAST_WORDS_MS);
  }
}

function roomOf(message: string, used: number): Finding {
  if (used < FULL) return { level: 'ok', message };
  const advice =
    'give it more room (max_bytes), or see which exporter of events lags: when it is full, Couic is told to keep its reports';
  return { level: 'warning', message, advice };
}

function copiesOf(replicas: number, current: number): Finding {
  const message = `${current} of its ${replicas} copies are up to date`;
  if (current >= replicas) return { level: 'ok', message };
  const advice = 'see which of the servers is down: with half of them gone, Couic is told to keep its reports';
  return { level: 'warning', message, advice };
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
