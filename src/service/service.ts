import type { Resource } from '@opentelemetry/resources';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { BridgeEvents } from '../events/bridge-events.ts';
import { ConnectionBudget } from '../http/connection-budget.ts';
import { Health } from '../telemetry/health.ts';
import { type BridgeMeterProvider, createMeterProvider, type Measured } from '../telemetry/meter-provider.ts';
import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { createResource } from '../telemetry/resource.ts';
import { AdminServer } from './admin/admin-server.ts';
import { type Asked, askedOf, LocalAdmin } from './admin/local-admin.ts';
import { type BuildOptions, type Built, buildComponents, type Components } from './build-components.ts';
import { Carried } from './carried.ts';
import type { BridgeLease, Component } from './component.ts';
import { Deadline, within } from './deadline.ts';
import { type Changes, reload } from './reload.ts';
import { bridgeView } from './running-bridge.ts';
import { createServiceLedger } from './service-ledger.ts';

/** Parts of the time for an orderly end after which a stage has to be over, so that a slow one leaves the next its turn. */
const RECEIVERS_UNTIL = 0.5;
const EXPORTERS_UNTIL = 0.9;
/** What a component that was told to end at once may still take, in ms. */
const GRACE = 500;
const TIME_IS_OVER = 'service.shutdown_timeout is over';

type ServiceOptions = Pick<BuildOptions, 'config' | 'logger' | 'clock' | 'version'> &
  Partial<Pick<BuildOptions, 'createLedger' | 'health' | 'connections'>> & {
    /** What may be measured, by every component that there is: a reload may bring any of them. */
    readonly metrics: readonly MetricDefinition[];
    /** Who else the command line may ask, beside components. */
    readonly asked?: readonly Asked[];
  };

/** `start()` was given up because `shutdown()` was called. */
export class StartCancelled extends Error {
  constructor() {
    super('told to stop while starting');
    this.name = 'StartCancelled';
  }
}

/** `reload()` was not done: the service does not run. */
export class NotRunning extends Error {
  constructor() {
    super('the bridge is not running, or is stopping');
    this.name = 'NotRunning';
  }
}

/**
 * Everything between a checked configuration and a running bridge. Starts downstream first (extensions, exporters,
 * receivers), so that no report arrives before there is somewhere to put it, and stops upstream first.
 */
export class Service {
  readonly #logger: BuildOptions['logger'];
  readonly #health: Health;
  readonly #meterProvider: BridgeMeterProvider;
  readonly #connections: ConnectionBudget;
  readonly #admin: AdminServer;
  /** With the configuration that runs. */
  #build: BuildOptions;
  #components: Components;
  /** By `service.instance.id`. */
  readonly #resources = new Map<string, Resource>();
  #starting: Promise<void> | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  #stopping: Promise<boolean> | undefined;
  #isRunning = false;
  readonly #alsoAsked: readonly Asked[];
  /** Of several bridges on the log, this one does what only one may. */
  #leads = false;
  /** Ids of exporters that there were. */
  readonly #gone = new Set<string>();

  private constructor(
    build: BuildOptions,
    meterProvider: BridgeMeterProvider,
    components: Components,
    asked: readonly Asked[],
  ) {
    const { logger, clock, health, connections } = build;
    this.#build = build;
    this.#logger = logger;
    this.#health = health;
    this.#connections = connections;
    this.#meterProvider = meterProvider;
    this.#components = components;
    this.#alsoAsked = asked;
    const admin = new LocalAdmin(() => this.#asked, true);
    this.#admin = new AdminServer({ admin, connections, logger, clock });
  }

  /** Builds all components; opens nothing. @throws ConfigError when one refuses its configuration. */
  static async create({
    createLedger = createServiceLedger,
    health = new Health(),
    connections = new ConnectionBudget(),
    asked = [],
    metrics,
    ...given
  }: ServiceOptions): Promise<Service> {
    const { version } = given;
    const meterProvider = createMeterProvider({ version, metrics, resource: (of) => service.#measured(of) });
    const events = new BridgeEvents();
    const bridge = bridgeView(
      () => service.#components,
      () => service.#asked,
    );
    const build = {
      ...given,
      createLedger,
      health,
      connections,
      events,
      carried: new Carried(),
      bridge,
      meterProvider,
    };
    const service: Service = new Service(build, meterProvider, await buildComponents(build), asked);
    return service;
  }

  /**
   * Resolves when reports are accepted. Once.
   * @throws the error of the component that could not start, named; what had started was shut down by then.
   * @throws StartCancelled when told to stop meanwhile.
   */
  async start(): Promise<void> {
    this.#health.setUnavailable('service', 'starting');
    this.#starting = this.#startAll();
    try {
      await this.#starting;
    } catch (error) {
      await this.shutdown();
      throw error;
    }
    this.#logger.info('Ready: reports are accepted');
  }

  /**
   * Takes over another configuration without refusing a request; one at a time. What says the same goes on untouched.
   * @throws ConfigError when it cannot be had, or not while the bridge runs: nothing was touched.
   * @throws ReloadFailed when something could not be started: what ran before runs again.
   * @throws NotRunning before `start()` has resolved, and from `shutdown()` on.
   */
  reload(next: BridgeConfig): Promise<Changes> {
    const work = this.#reloading.then(() => this.#reload(next));
    this.#reloading = work.catch(() => {});
    return work;
  }

  async #reload(next: BridgeConfig): Promise<Changes> {
    if (!this.#isRunning || this.#stopping) throw new NotRunning();
    const { components, changes, failure, ending } = await reload({
      build: this.#build,
      running: this.#components,
      next,
      start: async (each) => {
        if (this.#runsHere(each)) await this.#start(each);
      },
      stop: (each, signal) =>
        this.#stop(each.name, each.component.shutdown(signal), signal, 'a reload goes on without it'),
    });
    void ending.catch((error: unknown) => this.#logger.error({ err: error }, 'Could not close a socket'));
    for (const { id } of this.#components.exporters) this.#gone.add(id);
    for (const { id } of components.exporters) this.#gone.delete(id);
    this.#meterProvider.hide(this.#gone);
    this.#components = components;
    if (failure) throw failure;
    this.#build = { ...this.#build, config: next };
    this.#resources.clear();
    return changes;
  }

  get #asked(): readonly Asked[] {
    return [...this.#alsoAsked, ...askedOf(this.#components, this.#connections)];
  }

  /** Of the state, when it is on disk. */
  get directory(): string | undefined {
    return this.#components.log.directory;
  }

  #measured(of: Measured): Resource {
    const { config, version } = this.#build;
    const { log, lease } = this.#components;
    const { instanceId, logId } = log.identity;
    const whose = lease && of === 'log' ? logId : instanceId;
    const known = this.#resources.get(whose);
    if (known) return known;
    const resource = createResource({
      version,
      instanceId: whose,
      configured: config.service.telemetry.resource,
      onInvalid: (message) => this.#logger.warn(message),
    });
    this.#resources.set(whose, resource);
    return resource;
  }

  /**
   * Ends everything in order. Safe without `start()`, while it is under way, and twice.
   * @returns whether all of it ended in time and without an error; each failure was logged.
   */
  shutdown(): Promise<boolean> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #startAll(): Promise<void> {
    const { log, lease, ledger, exporters, receivers, extensions } = this.#components;
    for (const { message, advice } of await this.#connections.examine()) this.#logger.warn(`${message}: ${advice}`);
    // First: whoever starts a second bridge is told of the first one, and not of a port that it has.
    for (const each of extensions) await this.#named(each, () => each.component.engine?.claim?.());
    // The storage comes last of the extensions: while it reads a large state, health_check can already say so.
    for (const each of extensions) if (each.component.log !== log) await this.#start(each);
    for (const each of extensions) if (each.component.log === log) await this.#start(each);
    await this.#startAdmin();
    await ledger.start();
    if (!lease) await ledger.lead();
    this.#meterProvider.register([]);
    for (const { scope } of [...extensions, ...receivers]) scope.begin();
    for (const { scope, component } of exporters) scope.begin(component.reader);
    for (const each of [...exporters, ...receivers]) if (this.#runsHere(each)) await this.#start(each);
    this.#throwIfStopping();
    this.#isRunning = true;
    this.#health.setAvailable('service');
    if (lease) void this.#waitForLease(lease);
  }

  /** Reports are taken meanwhile: that any bridge may. */
  async #waitForLease(lease: BridgeLease): Promise<void> {
    if (!(await lease.acquire())) return;
    const work = this.#reloading.then(() => this.#lead());
    this.#reloading = work.catch(() => {});
    try {
      await work;
    } catch (error) {
      if (!(error instanceof StartCancelled)) lease.giveUp((error as Error).message);
    }
  }

  /** Begins what one of several bridges does. */
  async #lead(): Promise<void> {
    this.#throwIfStopping();
    this.#leads = true;
    const { log, ledger, exporters, receivers } = this.#components;
    await log.settle();
    await ledger.lead();
    for (const each of [...exporters, ...receivers]) if (!each.onEveryBridge) await this.#start(each);
  }

  /** Where several bridges share the log, most of what there is runs on one of them. */
  #runsHere({ onEveryBridge }: Built<Component>): boolean {
    return this.#components.lease === undefined || onEveryBridge || this.#leads;
  }

  /** The bridge does without, when it cannot have it: nothing but the command line needs it. */
  async #startAdmin(): Promise<void> {
    const { directory } = this.#components.log;
    if (directory === undefined) return;
    try {
      await this.#admin.start(directory);
    } catch (error) {
      this.#logger.warn(`Commands such as "doctor" cannot ask this bridge while it runs: ${(error as Error).message}`);
    }
  }

  #start(each: Built<Component>): Promise<void> {
    return this.#named(each, () => each.component.start());
  }

  async #named({ name }: Built<Component>, work: () => Promise<void> | undefined): Promise<void> {
    this.#throwIfStopping();
    try {
      await work();
    } catch (error) {
      throw new Error(`cannot start ${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  #throwIfStopping(): void {
    if (this.#stopping) throw new StartCancelled();
  }

  async #stopAll(): Promise<boolean> {
    this.#health.setUnavailable('service', 'stopping');
    const { shutdown_timeout: time } = this.#build.config.service;
    const forReceivers = new Deadline(time * RECEIVERS_UNTIL);
    const forExporters = new Deadline(time * EXPORTERS_UNTIL);
    const forAll = new Deadline(time);
    let clean = true;
    const stop = async (each: Built<Component>, { signal }: Deadline) => {
      clean = (await this.#stop(each.name, each.component.shutdown(signal), signal)) && clean;
    };
    if (this.#starting) {
      const settled = this.#starting.catch(() => {});
      clean = await this.#stop('the start', settled, forAll.signal);
    }
    clean = (await this.#stop('the reload', this.#reloading, forAll.signal)) && clean;
    const { log, ledger, exporters, receivers, extensions } = this.#components;
    await this.#admin.stop();
    await Promise.all(receivers.map((each) => stop(each, forReceivers)));
    await Promise.all(exporters.map((each) => stop(each, forExporters)));
    clean = (await this.#stop('the ledger', ledger.stop(), forAll.signal)) && clean;
    for (const each of extensions) if (each.component.log === log) await stop(each, forAll);
    for (const each of extensions.toReversed()) if (each.component.log !== log) await stop(each, forAll);
    for (const deadline of [forReceivers, forExporters, forAll]) deadline.clear();
    return clean;
  }

  async #stop(name: string, work: Promise<unknown>, signal: AbortSignal, over = TIME_IS_OVER): Promise<boolean> {
    try {
      if (await within(work, signal, GRACE)) return true;
      this.#logger.error(`Did not wait any longer for ${name} to end: ${over}`);
    } catch (error) {
      this.#logger.error({ err: error }, `Could not end ${name} in order`);
    }
    return false;
  }
}
