import { systemSleep } from '../../../src/clock.ts';
import type { SeenBridges } from '../../../src/log/jetstream/bridges.ts';
import { JetStreamEngine, type StreamLook } from '../../../src/log/jetstream/engine.ts';
import { bridgeName, LEASE_TOPIC, Lease } from '../../../src/log/lease.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { storageFailures } from '../../../src/log/storage-failures.ts';
import { BRIDGES_OPERATION, type BridgeList } from '../../../src/service/admin/bridges.ts';
import type { BridgeLease, Extension, ExtensionContext, Operation } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { observableGauge } from '../../../src/telemetry/instruments.ts';
import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { bridgeFindings, GONE_MS, listOf, panelOf, troubleOf, twinsOf } from './bridges.ts';
import type { JetStreamStorageConfig } from './config.ts';
import { connectTo } from './connect.ts';
import { LOG_METRICS } from './metrics.ts';

/** Words are on their way when the process ends. */
const LAST_WORDS_MS = 200;
/** How often the stream is looked at, and the other bridges are told that this one is there. */
const LOOK_MS = 10_000;
/** At the end nobody waits for that longer. */
const GOODBYE_MS = 1000;
/** Part of `max_bytes` from which it is said. */
const FULL = 0.8;

/** The log in a stream of NATS JetStream, which several bridges may share. */
export class JetStreamStorage implements Extension {
  readonly log: LogRunner;
  readonly lease: BridgeLease;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: Pick<ExtensionContext, 'logger' | 'clock' | 'health' | 'version'>;
  readonly #config: JetStreamStorageConfig;
  readonly engine: JetStreamEngine;
  readonly #lease: Lease;
  readonly #exit: () => void;
  #isEnding = false;
  #isStarted = false;
  /** It takes reports, and is no command that looks into the log. */
  #isServing = false;
  #looking: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #seen: (SeenBridges & { readonly readAt: number; readonly ahead: number }) | undefined;
  /** Whether two bridges have one id. */
  #hasTwins = false;
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
      acquire: () => {
        this.#isServing = true;
        this.#lookAround();
        return this.#acquire();
      },
      giveUp,
    };
    this.operations = { [BRIDGES_OPERATION]: async () => this.#ask(await this.engine.look()) };
  }

  async #acquire(): Promise<boolean> {
    const { engine, log } = this;
    const lease = this.#lease;
    if (!(await lease.acquire(log.topic(LEASE_TOPIC), log.identity.instanceId, engine.leaseRun))) return false;
    await engine.hasLease(lease.run);
    return true;
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    await this.log.load();
    this.#looking = setInterval(() => this.#lookAround(), LOOK_MS).unref();
    this.#lookAround();
    await this.#look;
  }

  #lookAround(): void {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = undefined;
    });
  }

  /** What cannot be had is asked for the next time. */
  async #lookOnce(): Promise<void> {
    const look = await this.engine.look().catch(() => undefined);
    this.#size = look?.bytes;
    if (look) await this.#ask(look).catch(() => {});
  }

  /** Says that this bridge is there, if it works on the log, and asks who else is. */
  async #ask(look: StreamLook, how: { readonly ended?: true } = {}): Promise<BridgeList> {
    const { clock, version } = this.#context;
    const own = { id: this.log.identity.instanceId, name: bridgeName(), version, ...how };
    const seen = await this.engine.bridges(look, this.#isServing ? own : undefined);
    this.#seen = { ...seen, readAt: clock.monotonic(), ahead: clock.now() - seen.at };
    const list = listOf(seen, this.#lease.holder);
    this.#tellOfTwins(list);
    return list;
  }

  #tellOfTwins({ bridges }: BridgeList): void {
    const [twins] = twinsOf(bridges);
    if (twins && !this.#hasTwins) this.#context.logger.error(`${twins.message}: ${twins.advice}`);
    this.#hasTwins = twins !== undefined;
  }

  status(): ComponentStatus {
    const { stream, servers } = this.#config;
    const where = `stream ${stream} of ${servers.join(', ')}`;
    if (!this.#seen) return { where };
    const { readAt, ahead } = this.#seen;
    const { holder } = this.#lease;
    const list = listOf(this.#seen, holder);
    const isOld = this.#context.clock.monotonic() - readAt >= GONE_MS;
    const trouble = isOld ? [] : troubleOf(list, holder);
    return { where, trouble: trouble.join('; ') || null, panels: [panelOf(list, ahead, isOld)] };
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
    if (this.#isServing) await Promise.race([this.#sayGoodbye(), systemSleep(GOODBYE_MS)]);
    await this.log.close(deadline);
  }

  async #sayGoodbye(): Promise<void> {
    await this.#look;
    await this.engine
      .look()
      .then((look) => this.#ask(look, { ended: true }))
      .catch(() => {});
  }

  async examine(): Promise<readonly Finding[]> {
    if (!this.#isStarted) return this.#examineServer();
    const { stream, max_bytes: most } = this.#config;
    const look = await this.engine.look();
    const { bytes, server, replicas, current } = look;
    const list = await this.#ask(look);
    const { held, holder } = this.#lease;
    return [
      ...storageFailures(this.#context.health),
      roomOf(`stream ${stream}, asked at ${server}, holds ${mib(bytes)} of ${mib(most)}`, bytes / most),
      copiesOf(replicas, current),
      { level: 'ok', message: held ? 'this bridge has the lease' : `${holder?.name ?? 'no bridge'} has the lease` },
      ...bridgeFindings(list),
    ];
  }

  /** Before the first start: a look at the stream would make it. */
  async #examineServer(): Promise<readonly Finding[]> {
    const { version } = this.#context;
    try {
      const connection = await connectTo(this.#config, `couic-otel-bridge/${version}`);
      const server = connection.getServer();
      await connection.close();
      return [
        { level: 'ok', message: `${server} takes this client; the stream is joined, or made, at the first start` },
      ];
    } catch (error) {
      return [{ level: 'failure', message: (error as Error).message }];
    }
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
  const message =
    replicas === 1 ? 'its only copy is up to date' : `${current} of its ${replicas} copies are up to date`;
  if (current >= replicas) return { level: 'ok', message };
  const advice = 'see which of the servers is down: with half of them gone, Couic is told to keep its reports';
  return { level: 'warning', message, advice };
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
