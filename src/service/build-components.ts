import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { BridgeConfig, ConfiguredComponent } from '../config/bridge-config.ts';
import { formatComponentId } from '../config/component-id.ts';
import { signalOf, signalsIn } from '../config/pipelines.ts';
import { ConfigError, type Path } from '../config/problem.ts';
import type { BridgeEvents } from '../events/bridge-events.ts';
import type { ConnectionBudget } from '../http/connection-budget.ts';
import { TrustedClock } from '../ledger/trusted-clock.ts';
import type { Fold, Log, Topic } from '../log/log.ts';
import type { Health } from '../telemetry/health.ts';
import type { BridgeMeterProvider } from '../telemetry/meter-provider.ts';
import type { BridgeView } from './bridge-view.ts';
import type { Carried } from './carried.ts';
import type {
  AnyFactory,
  BridgeLease,
  Component,
  ComponentContext,
  Exporter,
  ExporterContext,
  Extension,
  Receiver,
  Signal,
} from './component.ts';
import { ComponentScope } from './component-scope.ts';
import { MetricRoutes } from './metric-routes.ts';
import { isInstance } from './metric-source.ts';
import type { LedgerSettings, ServiceLedger, ServiceLedgerOptions } from './service-ledger.ts';

const SCOPE = 'couic-otel-bridge';

export interface BuildOptions {
  readonly config: BridgeConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly events: BridgeEvents;
  readonly health: Health;
  readonly connections: ConnectionBudget;
  readonly carried: Carried;
  /** For extensions. */
  readonly bridge: BridgeView;
  readonly meterProvider: Pick<BridgeMeterProvider, 'getMeter' | 'componentMeter' | 'add' | 'resource'>;
  readonly version: string;
  createLedger(options: ServiceLedgerOptions): ServiceLedger;
}

/** A component that was built, with its name for the log. */
export interface Built<C extends Component> {
  /** As in the configuration: `couic`, `crowdsec/edge`. */
  readonly id: string;
  /** `receiver couic`. */
  readonly name: string;
  readonly component: C;
  /** Of several bridges on a log: whether it runs on every one. */
  readonly onEveryBridge: boolean;
  /** All that the configuration says of it: another one of the same name with an equal one would be the same. */
  readonly given: unknown;
  readonly scope: ComponentScope;
}

export interface Components {
  readonly log: Log;
  /** Where several bridges share the log. */
  readonly lease: BridgeLease | undefined;
  readonly ledger: ServiceLedger;
  readonly trustedClock: TrustedClock;
  readonly routes: MetricRoutes;
  readonly receivers: readonly Built<Receiver>[];
  readonly exporters: readonly Built<Exporter>[];
  readonly extensions: readonly Built<Extension>[];
}

type BuiltComponent = Built<Receiver> | Built<Exporter> | Built<Extension>;

/**
 * Builds everything and opens nothing: no file, no listener, no timer.
 * @param running - components of a service that runs: those of which the configuration says the same stay, and so do the log
 *   and the ledger. The others are built beside them.
 * @throws ConfigError when a component refuses its configuration, when there is not exactly one storage, or another than runs.
 */
export async function buildComponents(options: BuildOptions, running?: Components): Promise<Components> {
  const builder = new Builder(options, running);
  try {
    return await builder.build();
  } catch (error) {
    builder.giveUp();
    throw error;
  }
}

/** The names under which the log keeps what belongs to the components of a configuration. */
export function foldNames({ exporters, receivers }: BridgeConfig): string[] {
  return [...exporters, ...receivers].map(foldName);
}

function foldName({ canonicalId, factory }: ConfiguredComponent): string {
  return `${factory.kind}/${formatComponentId(canonicalId)}`;
}

class Builder {
  readonly #options: BuildOptions;
  readonly #running: Components | undefined;
  readonly #trustedClock: TrustedClock;
  readonly #new: BuiltComponent[] = [];

  constructor(options: BuildOptions, running: Components | undefined) {
    this.#options = options;
    this.#running = running;
    this.#trustedClock = running?.trustedClock ?? new TrustedClock(options.clock);
  }

  async build(): Promise<Components> {
    const { config } = this.#options;
    const trustedClock = this.#trustedClock;
    if (this.#running) refuseAnotherStorage(config, this.#running);
    const extensions = await inOrder(config.extensions, (each) =>
      this.#one(each, this.#running?.extensions, each.config, (scope) =>
        each.factory.create({ ...this.#context(each, scope), bridge: this.#options.bridge }, each.config),
      ),
    );
    const { log, lease } = findLog(config, extensions);
    const ledger = this.#running?.ledger ?? this.#ledger(log);
    const routes = this.#running?.routes ?? new MetricRoutes();
    const receivers = await inOrder(config.receivers, (each) =>
      this.#one(each, this.#running?.receivers, each.config, async (scope) => {
        const attach = this.#attach(each, scope, log);
        const receiver = await each.factory.create({ ...this.#context(each, scope), ledger, attach }, each.config);
        // One that runs is in the way until it has ended.
        scope.onBegin(() => routes.set(each.id, receiver.metrics), this.#running !== undefined);
        return receiver;
      }),
    );
    const exporters = await inOrder(config.exporters, (each) => {
      const feeds = feedsOf(config, each.id, receivers);
      const given = [each.config, feeds, config.service.telemetry.resource];
      return this.#one(each, this.#running?.exporters, given, (scope) => {
        const own = this.#exporterContext(each, scope, { log, lease, routes, feeds });
        return each.factory.create({ ...this.#context(each, scope), ...own }, each.config);
      });
    });
    return { log, lease, ledger, trustedClock, routes, receivers, exporters, extensions };
  }

  /** Nothing of what was built begins. */
  giveUp(): void {
    for (const { component, scope } of this.#new) {
      component.shutdown(AbortSignal.abort()).catch(() => {});
      scope.end();
    }
  }

  #ledger(log: Log): ServiceLedger {
    const { config, clock, events, version, logger, meterProvider, createLedger } = this.#options;
    return createLedger({
      log,
      clock,
      trustedClock: this.#trustedClock,
      events,
      version,
      logger: logger.child({ component: 'ledger' }),
      meter: meterProvider.getMeter(`${SCOPE}/ledger`),
      ...ledgerSettings(config),
    });
  }

  /** The one that runs, or a new one. */
  async #one<C extends Receiver | Exporter | Extension>(
    configured: ConfiguredComponent<AnyFactory>,
    running: readonly Built<C>[] | undefined,
    given: unknown,
    create: (scope: ComponentScope) => C | Promise<C>,
  ): Promise<Built<C>> {
    const { id, factory } = configured;
    const { config, meterProvider } = this.#options;
    const same = running?.find((each) => each.id === id && isDeepStrictEqual(each.given, given));
    if (same) return same;
    const { onEveryBridge = false } = factory;
    const of = onEveryBridge ? 'bridge' : 'log';
    const scope = new ComponentScope(meterProvider, `${SCOPE}/${factory.kind}/${factory.type}`, of);
    try {
      const name = `${factory.kind} ${id}`;
      const built = { id, name, component: await create(scope), onEveryBridge, given, scope };
      this.#new.push(built as BuiltComponent);
      return built;
    } catch (error) {
      scope.end();
      throw refusal(config, [`${factory.kind}s`, id], whyNot(error as Error), error);
    }
  }

  #context({ id, factory }: ConfiguredComponent<AnyFactory>, scope: ComponentScope): ComponentContext {
    const { clock, events, health, connections, version, carried, logger } = this.#options;
    return {
      id,
      clock,
      trustedClock: this.#trustedClock,
      events,
      health,
      connections,
      version,
      carried: carried.of(`${factory.kind}/${factory.type}`),
      logger: logger.child({ component: id }),
      meter: scope.meter.meter,
    };
  }

  #attach(configured: ConfiguredComponent<AnyFactory>, scope: ComponentScope, log: Log): (fold: Fold) => Topic {
    return (fold) => scope.attach(log, foldName(configured), fold, this.#running !== undefined);
  }

  #exporterContext(
    configured: ConfiguredComponent<AnyFactory>,
    scope: ComponentScope,
    { log, lease, routes, feeds }: Pick<Components, 'log' | 'lease' | 'routes'> & { readonly feeds: readonly Feed[] },
  ): Omit<ExporterContext, keyof ComponentContext> {
    const isRunning = this.#running !== undefined;
    const metrics = feeds.filter(({ signal }) => signal === 'metrics');
    const all = distinct(metrics.flatMap(({ names }) => names));
    return {
      sources: (instances) => narrowed(all, instances),
      resource: () => this.#options.meterProvider.resource(configured.factory.onEveryBridge ? 'bridge' : 'log'),
      acts: () => lease?.held ?? true,
      producer: ({ instances, view = 'current' } = {}) => {
        const wanted = narrowed(all, instances);
        const lanes = metrics.map(
          ({ receiver, names }) => [receiver, names.filter((name) => wanted.includes(name))] as const,
        );
        return routes.producer(lanes, view);
      },
      beforeForgetting: (listener) =>
        scope.onEnd(
          routes.beforeForgetting(
            metrics.map(({ receiver }) => receiver),
            listener,
          ),
        ),
      attach: this.#attach(configured, scope, log),
      has: (signal) => feeds.some((feed) => feed.signal === signal),
      eventFeed: (retention) => ({
        reader: scope.reader(log, formatComponentId(configured.canonicalId), retention, isRunning),
        instances: distinct(feeds.filter(({ signal }) => signal === 'logs').flatMap(({ names }) => names)),
        get logId() {
          return log.identity.logId;
        },
      }),
    };
  }
}

/** One after the other: folds are attached, and connections asked for, in the order of the configuration. */
async function inOrder<Each, Result>(all: readonly Each[], build: (each: Each) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const each of all) results.push(await build(each));
  return results;
}

/** What of a configuration is the ledger's. */
export function ledgerSettings({ service }: BridgeConfig): LedgerSettings {
  const { forget_after: forgetAfter, ...limits } = service.attribute_limits;
  return { limits, forgetAfter, hasEvents: signalsIn(service.pipelines).has('logs') };
}

function findLog(config: BridgeConfig, extensions: readonly Built<Extension>[]): Pick<Components, 'log' | 'lease'> {
  const [first, ...others] = extensions.flatMap(({ component: { log, lease } }) => (log ? [{ log, lease }] : []));
  const path = ['service', 'extensions'];
  if (!first) {
    throw refusal(
      config,
      path,
      'a storage is missing: add "file_storage: {directory: ./data}" under extensions, and file_storage to this list',
    );
  }
  if (others.length > 0) throw refusal(config, path, 'there is more than one storage in this list: keep one');
  return first;
}

/** The log that is open is the bridge: another one is another bridge. */
function refuseAnotherStorage(config: BridgeConfig, running: Components): void {
  const { id, given } = running.extensions.find(({ component }) => component.log === running.log)!;
  const configured = config.extensions.find((each) => each.id === id);
  const cannot = 'cannot change while the bridge runs: restart it, or put back what was here';
  if (!configured) {
    throw refusal(config, ['service', 'extensions'], `${id} is missing, and the storage ${cannot}`);
  }
  const [before, after] = [given, configured.config] as [Record<string, unknown>, Record<string, unknown>];
  const options = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = options.filter((option) => !isDeepStrictEqual(before[option], after[option]));
  if (changed.length === 0) return;
  throw new ConfigError(
    changed.map((option) => {
      const path = ['extensions', id, option];
      return { severity: 'error', at: config.positionOf(path), path, message: cannot };
    }),
  );
}

/** What comes to an exporter from one receiver. */
interface Feed {
  readonly signal: Signal;
  readonly receiver: string;
  /** Of metrics, the names of its offer; of logs, of Couic instances. */
  readonly names: readonly string[];
}

/** In the order of the configuration; of several pipelines that bring the same, one. */
function feedsOf({ service }: BridgeConfig, exporter: string, built: readonly Built<Receiver>[]): Feed[] {
  const pipelines = Object.entries(service.pipelines).filter(([, { exporters }]) => exporters.includes(exporter));
  return (['metrics', 'logs'] as const).flatMap((signal) => {
    const receivers = new Set(
      pipelines.filter(([name]) => signalOf(name) === signal).flatMap(([, pipeline]) => pipeline.receivers),
    );
    return built
      .filter(({ id }) => receivers.has(id))
      .map(({ id, component: { metrics, tellsOf } }) => ({
        signal,
        receiver: id,
        names: (signal === 'metrics' ? metrics?.names : tellsOf) ?? [],
      }));
  });
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function narrowed(all: readonly string[], instances?: readonly string[]): readonly string[] {
  if (instances === undefined) return all;
  const known = all.filter(isInstance);
  const unknown = instances.find((name) => !known.includes(name));
  if (unknown === undefined) return all.filter((name) => !isInstance(name) || instances.includes(name));
  throw new Error(`instance "${unknown}" is not one of this exporter's pipelines (known: ${known.join(', ')})`);
}

/** Only what came with the bridge is loaded when a component is made. */
function whyNot(error: NodeJS.ErrnoException): string {
  const { code, message } = error;
  const isLoading = code === 'ERR_MODULE_NOT_FOUND' || (error instanceof SyntaxError && / module /.test(message));
  if (!isLoading) return message;
  return `the files of the bridge do not fit together: ${message}. If others were installed since it was started, start it anew; else install it again`;
}

function refusal(config: BridgeConfig, path: Path, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ severity: 'error', at: config.positionOf(path), path, message }], { cause });
}
