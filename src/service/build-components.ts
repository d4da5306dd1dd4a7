import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { BridgeConfig, ConfiguredComponent } from '../config/bridge-config.ts';
import { formatComponentId } from '../config/component-id.ts';
import { signalOf, signalsIn } from '../config/pipelines.ts';
import { ConfigError, type Path } from '../config/problem.ts';
import type { BridgeEvents } from '../events/bridge-events.ts';
import type { ConnectionBudget } from '../http/connection-budget.ts';
import { TrustedClock } from '../ledger/trusted-clock.ts';
import type { Fold, Log } from '../log/log.ts';
import type { Health } from '../telemetry/health.ts';
import type { BridgeMeterProvider } from '../telemetry/meter-provider.ts';
import type {
  AnyFactory,
  Component,
  ComponentContext,
  Exporter,
  ExporterContext,
  Extension,
  Receiver,
  Signal,
} from './component.ts';
import type { ServiceLedger, ServiceLedgerOptions } from './service-ledger.ts';

const SCOPE = 'couic-otel-bridge';

export interface BuildOptions {
  readonly config: BridgeConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly events: BridgeEvents;
  readonly health: Health;
  readonly connections: ConnectionBudget;
  readonly meterProvider: Pick<BridgeMeterProvider, 'getMeter'>;
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
}

export interface Components {
  readonly log: Log;
  readonly ledger: ServiceLedger;
  readonly receivers: readonly Built<Receiver>[];
  readonly exporters: readonly Built<Exporter>[];
  readonly extensions: readonly Built<Extension>[];
}

/**
 * Builds everything and opens nothing: no file, no listener, no timer.
 * @throws ConfigError when a component refuses its configuration, or when there is not exactly one storage.
 */
export async function buildComponents(given: BuildOptions): Promise<Components> {
  const options = { ...given, trustedClock: new TrustedClock(given.clock) };
  const { config, clock, trustedClock, events, version } = options;
  const extensions = await inOrder(config.extensions, (each) =>
    built(options, each, () => each.factory.create(contextOf(options, each), each.config)),
  );
  const log = findLog(config, extensions);
  const { forget_after: forgetAfter, ...limits } = config.service.attribute_limits;
  const ledger = options.createLedger({
    log,
    clock,
    trustedClock,
    events,
    version,
    logger: options.logger.child({ component: 'ledger' }),
    meter: options.meterProvider.getMeter(`${SCOPE}/ledger`),
    limits,
    forgetAfter,
    hasEvents: signalsIn(config.service.pipelines).has('logs'),
  });
  const receivers = await inOrder(config.receivers, (each) =>
    built(options, each, () => each.factory.create({ ...contextOf(options, each), ledger }, each.config)),
  );
  const exporters = await inOrder(config.exporters, (each) => {
    const instances = instancesOf(config, 'metrics', each.id, receivers);
    const name = formatComponentId(each.canonicalId);
    const context: ExporterContext = {
      ...contextOf(options, each),
      instances: () => instances,
      producer: (some?: readonly string[]) => ledger.producer(narrowed(instances, some)),
      beforeForgetting: (listener: () => Promise<void>) => ledger.beforeForgetting(listener),
      attach: (fold: Fold) => {
        log.attach(`exporter/${name}`, fold);
        return log.topic(`exporter/${name}`);
      },
      has: (signal) => pipelinesOf(config, signal, each.id).length > 0,
      eventFeed: (retention) => ({
        reader: log.reader(name, retention),
        instances: instancesOf(config, 'logs', each.id, receivers),
        get logId() {
          return log.identity.logId;
        },
      }),
    };
    return built(options, each, () => each.factory.create(context, each.config));
  });
  return { log, ledger, receivers, exporters, extensions };
}

function contextOf(
  options: BuildOptions & { readonly trustedClock: TrustedClock },
  { id, factory }: ConfiguredComponent,
): ComponentContext {
  const { clock, trustedClock, events, health, connections, version } = options;
  return {
    id,
    clock,
    trustedClock,
    events,
    health,
    connections,
    version,
    logger: options.logger.child({ component: id }),
    meter: options.meterProvider.getMeter(`${SCOPE}/${factory.kind}/${factory.type}`),
  };
}

/** One after the other: folds are attached, and connections asked for, in the order of the configuration. */
async function inOrder<Each, Result>(all: readonly Each[], build: (each: Each) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const each of all) results.push(await build(each));
  return results;
}

async function built<C extends Component>(
  { config }: BuildOptions,
  { id, factory: { kind } }: ConfiguredComponent<AnyFactory>,
  create: () => C | Promise<C>,
): Promise<Built<C>> {
  try {
    return { id, name: `${kind} ${id}`, component: await create() };
  } catch (error) {
    throw refusal(config, [`${kind}s`, id], (error as Error).message, error);
  }
}

function findLog(config: BridgeConfig, extensions: readonly Built<Extension>[]): Log {
  const [first, ...others] = extensions.flatMap(({ component }) => component.log ?? []);
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

function pipelinesOf({ service: { pipelines } }: BridgeConfig, signal: Signal, exporter: string) {
  return Object.entries(pipelines)
    .filter(([id, { exporters }]) => signalOf(id) === signal && exporters.includes(exporter))
    .map(([, pipeline]) => pipeline);
}

/** The instances that feed an exporter's pipelines: of their receivers, in the order of the configuration. */
function instancesOf(
  config: BridgeConfig,
  signal: Signal,
  exporter: string,
  built: readonly Built<Receiver>[],
): string[] {
  const pipelines = pipelinesOf(config, signal, exporter);
  const feeding = config.receivers.map(({ id }) => pipelines.some((pipeline) => pipeline.receivers.includes(id)));
  return [...new Set(built.flatMap(({ component }, index) => (feeding[index] ? component.instances : [])))];
}

function narrowed(all: readonly string[], some: readonly string[] = all): readonly string[] {
  const unknown = some.find((name) => !all.includes(name));
  if (unknown === undefined) return some;
  throw new Error(`instance "${unknown}" is not one of this exporter's pipelines (known: ${all.join(', ')})`);
}

function refusal(config: BridgeConfig, path: Path, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ severity: 'error', at: config.positionOf(path), path, message }], { cause });
}
