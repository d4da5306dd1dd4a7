import type { Meter } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../config/endpoint.ts';
import type { BridgeEvents } from '../events/bridge-events.ts';
import type { ConnectionBudget } from '../http/connection-budget.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { TrustedClock } from '../ledger/trusted-clock.ts';
import type { LogEngine } from '../log/engine.ts';
import type { Fold, Log, Reader, Retention, Topic } from '../log/log.ts';
import type { Finding } from '../telemetry/finding.ts';
import type { Health } from '../telemetry/health.ts';
import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import type { BridgeView } from './bridge-view.ts';
import type { Carried } from './carried.ts';
import type { ComponentStatus } from './component-status.ts';
import type { MetricOffer, MetricView } from './metric-source.ts';

/**
 * What a receiver, an exporter and an extension are. The words and the order of calls are the Collector's:
 * a factory holds the type and the configuration schema, `create` builds without touching the outside world,
 * `start` opens listeners and timers, `shutdown` ends them. When a reload changes a component's configuration, another one is
 * created while it runs, and started when it has ended; one whose configuration is the same stays.
 */
export interface Component {
  /** Opens listeners and timers. Rejects with an error that says what to do; the service then shuts down what had started. */
  start(): Promise<void>;
  /**
   * Ends work in order and releases every handle. Safe without `start()`, and twice.
   * @param deadline - aborted when the time for an orderly end is over; what is under way then ends at once.
   */
  shutdown(deadline: AbortSignal): Promise<void>;
  /** Looks at its connections, keys, clocks and queues, and changes nothing. Works without `start()` too, once the log is loaded. */
  examine?(signal: AbortSignal): Promise<readonly Finding[]>;
  /** How it does, for a page that somebody looks at: from memory, at once. Works without `start()` too. */
  status?(): ComponentStatus;
  /** By name: `quarantine.list`. They work without `start()` too, once the log is loaded. */
  readonly operations?: Readonly<Record<string, Operation>>;
}

/**
 * Something an operator may ask of a component by name. JSON in, JSON out: it is called in the process of the bridge,
 * or in that of the command line when no bridge runs. Throws an `Error` whose message is for the operator.
 */
export type Operation = (argument: unknown) => Promise<unknown>;

/** A component that takes something in. What pipelines carry of it, it offers. */
export interface Receiver extends Component {
  /** For metrics pipelines. */
  readonly metrics?: MetricOffer;
  /** For logs pipelines: names of the Couic instances whose reports are told of. */
  readonly tellsOf?: readonly string[];
}

/** What pipelines carry, by the words of the configuration. */
export type Signal = 'metrics' | 'logs';

/** A component that reads metrics, or events, or both. `reader` is handed to the one MeterProvider of the service before `start()`. */
export interface Exporter extends Component {
  readonly reader?: MetricReader;
}

/** A component beside the data's way: storage, health. */
export interface Extension extends Component {
  /** The storage extension offers the log; exactly one extension of a service does. */
  readonly log?: Log;
  /** What keeps it: not opened before `start()`, but claimed before any other component is started. */
  readonly engine?: LogEngine;
  /** Where several bridges share that log. */
  readonly lease?: BridgeLease;
}

/** Who of several bridges on one log does what only one may do. */
export interface BridgeLease {
  /** Whether this one may now. */
  readonly held: boolean;
  /** Once the log is loaded, once: waits for it. @returns false when the extension was shut down before. */
  acquire(): Promise<boolean>;
  /** Lets another bridge do it: this one cannot. Ends the process. */
  giveUp(why: string): void;
}

/** What every component is given. */
export interface ComponentContext {
  /** `type` or `type/name`, as in the configuration. */
  readonly id: string;
  readonly logger: Logger;
  /** The host's. */
  readonly clock: Clock;
  /** To decide by, and to write down: a host's clock that jumped far ahead is not believed at once. Tell it what time others have. */
  readonly trustedClock: TrustedClock;
  /** The component's own instruments; its scope is `couic-otel-bridge/KIND/TYPE`. */
  readonly meter: Meter;
  readonly events: BridgeEvents;
  readonly health: Health;
  /** Where whoever listens asks, in `create`, for the connections that it may have. */
  readonly connections: ConnectionBudget;
  /** Shared by all components of the type, of today and after a reload. */
  readonly carried: Carried;
  /** The bridge's version, from package.json. */
  readonly version: string;
}

export interface ReceiverContext extends ComponentContext {
  /** What Couic reports is kept there; others leave it alone. */
  readonly ledger: Ledger;
  /** As of an exporter. */
  attach(fold: Fold): Topic;
}

export interface ExporterContext extends ComponentContext {
  /** Whether it is in a pipeline of that sort. */
  has(signal: Signal): boolean;
  /** Where it reads events, if it is in a logs pipeline: call it in `create`, at most once. @param retention - what is kept for it. */
  eventFeed(retention: Retention): EventFeed;
  /**
   * The metrics of the receivers in this exporter's metrics pipelines, and of no others.
   * @param options - `instances` narrows Couic's further; all of the pipelines' instances when left out. `view`: `current`
   *   when left out.
   */
  producer(options?: { instances?: readonly string[] | undefined; view?: MetricView }): MetricProducer;
  /**
   * For exporters that tell differences: called, and waited for, before series end, to take the last of them. When it rejects
   * they go on until the next time. Until the component ends.
   */
  beforeForgetting(listener: () => Promise<void>): void;
  /**
   * Whose metrics these are, in configuration order: names of Couic instances, and `receiver/ID` of receivers that keep series
   * of others. From `start()` on.
   * @param instances - as of `producer`.
   */
  sources(instances?: readonly string[]): readonly string[];
  /** What every signal is of: this bridge, or the log, where several share one and this exporter runs on one of them. From `start()` on. */
  resource(): Resource;
  /** Whether it may act now on what is outside. False while another bridge may be doing it in its place. */
  acts(): boolean;
  /**
   * Durable state of this component: call it in `create`, at most once. When `start()` is called, the fold has all that was
   * written down for a component of this id.
   */
  attach(fold: Fold): Topic;
}

/** The log, for whoever makes events of its entries. */
export interface EventFeed {
  readonly reader: Reader;
  /** The log's own UUID. From `start()` on. */
  readonly logId: string;
  /** Names of the instances that its logs pipelines feed. From `start()` on. */
  readonly instances: readonly string[];
}

export interface ExtensionContext extends ComponentContext {
  /** The bridge that it is a part of. From `start()` on. */
  readonly bridge: BridgeView;
}

/** A component's configuration under its id. */
export interface Configured<Config> {
  readonly id: string;
  readonly config: Config;
}

/** Of one option, by its path below the component. */
interface Advice {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with the component of this id beside the others. */
export interface Conflict {
  readonly id: string;
  readonly message: string;
}

/** One of several components of one section: it is called `ID/NAME`. */
interface Part<Config> {
  readonly name: string;
  readonly config: Config;
}

interface Factory<Config, Context, Built> {
  /** Lower case with underscores, as in the configuration: `couic`, `crowdsec`. */
  readonly type: string;
  /** What it does, in a few words that follow its name: in the list of components. */
  readonly summary: string;
  /** Types that still work and answer with a warning that names `type`. */
  readonly aliases?: readonly string[];
  readonly stability: 'stable' | 'beta' | 'alpha';
  /** Whether it runs on every bridge of a log that several share; the others run on the one that has the lease. */
  readonly onEveryBridge?: true;
  /** Strict schema with every default; also checks what only several options together can say. */
  readonly schema: ZodType<Config>;
  /** Paths of options that hold secrets, for `print-config`: `['api_key']`, `['instances', '*', 'token']`. */
  readonly secrets?: readonly (readonly string[])[];
  /** Paths of options in which `${attributes:NAME}` and the like stand for what each series has: in all others they are refused. */
  readonly captures?: readonly (readonly string[])[];
  /** What it counts beside what all of its sort do: `metrics.ts` of its folder. */
  readonly metrics?: readonly MetricDefinition[];
  /**
   * Several components in place of one, each with a name of its own, that stand together wherever the section stands in pipelines.
   * @returns undefined when it is one. @throws Error with what is wrong, of a file that has to be read for it.
   */
  readonly split?: (config: Config) => readonly Part<Config>[] | undefined;
  /** Where it will listen, so that two of a configuration do not want the same. */
  readonly listensOn?: (config: Config) => Endpoint | readonly Endpoint[];
  /** What is taken, and should be looked at: told by `validate`, and in the log. */
  readonly warnings?: (config: Config) => readonly Advice[];
  /** What only several components of this type can have wrong together. They are those in use, in the order of the file. */
  readonly conflicts?: (all: readonly Configured<Config>[]) => readonly Conflict[];
  /**
   * Builds the component. Opens nothing: no listener, no timer, no file. Imports what the component is made of, so that
   * a bridge loads the code and the libraries of what is configured and no others: the factory's file imports its schema.
   */
  create(context: Context, config: Config): Built | Promise<Built>;
}

export interface ReceiverFactory<Config> extends Factory<Config, ReceiverContext, Receiver> {
  readonly kind: 'receiver';
  /** Pipelines that it may stand in. @default both */
  readonly signals?: readonly Signal[];
}

export interface ExporterFactory<Config> extends Factory<Config, ExporterContext, Exporter> {
  readonly kind: 'exporter';
  /** Pipelines that it may stand in. @default metrics */
  readonly signals?: readonly Signal[];
}

export interface ExtensionFactory<Config> extends Factory<Config, ExtensionContext, Extension> {
  readonly kind: 'extension';
}

/** Factories as the component list holds them. */
// biome-ignore lint/suspicious/noExplicitAny: a list of factories of different configurations has no narrower type
export type AnyFactory = ReceiverFactory<any> | ExporterFactory<any> | ExtensionFactory<any>;
