import { isDeepStrictEqual } from 'node:util';
import type { Counter } from '@opentelemetry/api';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { BridgeEvents } from '../events/bridge-events.ts';
import { appendDecided } from '../log/decide.ts';
import type { Log, Topic } from '../log/log.ts';
import type { ReportChunk } from '../report/report-chunk.ts';
import type { Operation } from '../service/component.ts';
import type { LimitUse } from '../telemetry/limits.ts';
import { ATTR } from '../telemetry/names.ts';
import type { AttributeLimits } from './attribute-limits.ts';
import type { BodySource } from './body-source.ts';
import { Erasing } from './erasing.ts';
import { Expiry } from './expiry.ts';
import { LedgerFold } from './fold.ts';
import { Forgetting } from './forgetting.ts';
import { inspection } from './inspection.ts';
import { Intake, type IntakeContext } from './intake.ts';
import type { IngestOptions, IngestResult, LastComparison, Ledger } from './ledger.ts';
import { limitUses } from './limit-uses.ts';
import { LedgerProducer } from './producer.ts';
import { QuarantineLog } from './quarantine-log.ts';
import type { QuarantinedReport } from './quarantined-report.ts';
import { type ListRules, type ReconcileOptions, Reconciler, type Reconciliation } from './reconciler.ts';
import { encodeSettings } from './records.ts';
import { Sender } from './sender.ts';
import type { RuleCounts, TrafficReading } from './traffic.ts';
import { encodeTraffic } from './traffic-record.ts';
import { TrafficTotals } from './traffic-totals.ts';
import type { TrustedClock } from './trusted-clock.ts';

const LEDGER = 'ledger';
/** Each instance has a topic of its own. */
const INSTANCE = 'couic/';

interface LedgerOptions {
  log: Pick<Log, 'attach' | 'topic' | 'isCurrent' | 'extents' | 'read' | 'erase' | 'unfinished'>;
  /** The host's. */
  clock: Clock;
  /** Over that clock; the ledger tells it how far the records go. */
  trustedClock: TrustedClock;
  events: BridgeEvents;
  logger: Logger;
  version: string;
  limits: AttributeLimits;
  /** Milliseconds after which a tag without a rule, or a kind, that was not heard of gives back its place. */
  forgetAfter: number;
  /** Whether anybody reads events: records then say what only these need. */
  hasEvents: boolean;
  /** `couic.bridge.receiver.quarantined_reports`. */
  quarantinedReports: Counter;
}

/** The ledger of a service: created before the log is loaded, started after. */
export class BridgeLedger implements Ledger {
  /** For operators: see src/service/admin/rules.ts. */
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #fold = new LedgerFold();
  /** What is not one instance's: settings, expiry, the time. */
  readonly #topic: Topic;
  readonly #clock: TrustedClock;
  readonly #expiry: Expiry;
  readonly #forgetting: Forgetting;
  readonly #erasing: Erasing;
  readonly #options: LedgerOptions;
  readonly #intakes = new Map<string, IntakeContext>();
  readonly #quarantineLog: QuarantineLog;
  #hasEvents: boolean;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#hasEvents = options.hasEvents;
    this.#clock = options.trustedClock;
    const { log, logger, forgetAfter: after } = options;
    log.attach(LEDGER, this.#fold, [INSTANCE]);
    // Of a newest body that this process has not taken, nothing says that its sender has had an answer.
    this.#fold.onOthersBody = (instance) => this.#intake(instance).sender.wentElsewhere(options.clock.monotonic());
    const topic = log.topic(LEDGER);
    this.#topic = topic;
    this.#expiry = new Expiry({
      state: this.#fold.state,
      clock: this.#clock,
      topic,
      events: options.events,
      logger,
    });
    this.#quarantineLog = new QuarantineLog(logger, options.clock);
    const { state } = this.#fold;
    const clock = this.#clock;
    this.#forgetting = new Forgetting({ state, clock, logger, after, topic });
    this.#erasing = new Erasing({ state, log, forgetting: this.#forgetting, clock, logger });
    this.operations = { ...inspection({ state, log, clock }), ...this.#erasing.operations };
  }

  /** After the log was loaded: writes down what is new. */
  async start(): Promise<void> {
    this.#clock.startAfter(this.#fold.state.clock);
    this.#sayWhatWasRead();
    await this.#settle(this.#options.limits);
  }

  /** After `start()`: what one of several bridges on a log does. Expires what ended meanwhile. */
  async lead(): Promise<void> {
    await this.#erasing.resume();
    await this.#expiry.start();
    this.#forgetting.start();
  }

  #sayWhatWasRead(): void {
    const { instances, createdAt } = this.#fold.state;
    const { logger } = this.#options;
    const since = new Date(createdAt).toISOString();
    if (instances.length === 0) {
      logger.info('No report of a Couic was counted here before: their totals begin at zero');
      return;
    }
    const rules = instances
      .map(({ name }) => this.ruleCounts(name))
      .reduce((sum, { drop, ignore }) => sum + drop + ignore, 0);
    logger.info({ instances: instances.length, rules }, `Went on with what was counted since ${since}`);
  }

  /** Takes up other settings while it runs. */
  async change(settings: Pick<LedgerOptions, 'limits' | 'forgetAfter' | 'hasEvents'>): Promise<void> {
    const { limits, forgetAfter, hasEvents } = settings;
    this.#hasEvents = hasEvents;
    this.#forgetting.after = forgetAfter;
    await this.#settle(limits);
  }

  async #settle(limits: AttributeLimits): Promise<void> {
    const { state } = this.#fold;
    await appendDecided(this.#topic, () =>
      state.createdAt === 0 || !isDeepStrictEqual(state.limits, limits) || state.tellsExpired !== this.#hasEvents
        ? { record: encodeSettings({ clock: this.#clock.now(), limits, tellsExpired: this.#hasEvents }) }
        : undefined,
    );
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    this.#quarantineLog.close();
    await this.#forgetting.stop();
    await this.#expiry.stop();
  }

  /** Ends the rules whose time is over: now, and not when the timer says so. */
  expireDue(): Promise<void> {
    return this.#expiry.run();
  }

  /** Gives back the places of names that were not heard of for long: now, and not when the timer says so. */
  forgetIdle(): Promise<void> {
    return this.#forgetting.run();
  }

  /** @param listener - see Forgetting. */
  beforeForgetting(listener: () => Promise<void>): () => void {
    return this.#forgetting.before(listener);
  }

  /** @param instances - the only ones to give; all when left out. */
  producer(instances?: readonly string[]): MetricProducer {
    const wanted = instances === undefined ? null : new Set(instances);
    return new LedgerProducer(this.#fold.state, this.#options.version, wanted, () => this.#options.clock.now());
  }

  ingest(instance: string, body: BodySource, options: IngestOptions = {}): Promise<IngestResult> {
    return new Intake(this.#intake(instance), body, options).run();
  }

  async recordTraffic(
    instance: string,
    reading: TrafficReading,
    { fromStart = false }: { fromStart?: boolean } = {},
  ): Promise<{ restarted: boolean }> {
    let restarted = false;
    await appendDecided(this.#topicOf(instance), () => {
      const totals = this.#fold.state.find(instance)?.traffic ?? new TrafficTotals();
      const change = totals.changeTo(reading, fromStart);
      restarted = change?.restarted ?? false;
      return change === null ? undefined : { record: encodeTraffic({ clock: this.#clock.now(), instance, change }) };
    });
    return { restarted };
  }

  async reconcile(instance: string, list: ListRules, options: ReconcileOptions = {}): Promise<Reconciliation> {
    const { state } = this.#fold;
    try {
      const reconciler = new Reconciler({ state, clock: this.#clock, topic: this.#topicOf(instance) }, instance);
      const reconciliation = await reconciler.run(list, options);
      state.api.change(instance, { compared: true });
      return reconciliation;
    } catch (error) {
      state.api.change(instance, { compared: false });
      throw error;
    }
  }

  setUp(instance: string, up: boolean, held?: RuleCounts): void {
    this.#fold.state.api.change(instance, { up, held });
  }

  ruleCounts(instance: string): RuleCounts {
    return this.#fold.state.find(instance)?.ruleCounts() ?? { drop: 0, ignore: 0 };
  }

  lastComparison(instance: string): LastComparison | undefined {
    const { drift = null, comparedAt = 0 } = this.#fold.state.find(instance) ?? {};
    return drift === null ? undefined : { at: comparedAt, drift };
  }

  hasReported(instance: string): boolean {
    return (this.#fold.state.find(instance)?.lastReport ?? 0) > 0;
  }

  limits(instances: readonly string[]): readonly LimitUse[] {
    const { state } = this.#fold;
    const known = state.instances.filter(({ name }) => instances.includes(name));
    return known.flatMap((instance) => [...limitUses(instance, state.limits)]);
  }

  quarantined(): readonly QuarantinedReport[] {
    return this.#fold.state.instances.flatMap((instance) => instance.quarantined);
  }

  #committed(instance: string, chunk: ReportChunk): void {
    let quarantined = 0;
    for (const [reason, count] of chunk.reasons) {
      quarantined += count;
      this.#options.quarantinedReports.add(count, { [ATTR.instance]: instance, [ATTR.reason]: reason });
    }
    if (quarantined > 0) this.#quarantineLog.quarantined(instance, chunk.reasons);
    this.#options.events.emit('committed', {
      instance,
      accepted: chunk.reports,
      quarantined,
      drops: () => chunk.dropsByTag(),
    });
  }

  #topicOf(instance: string): Topic {
    return this.#options.log.topic(INSTANCE + instance);
  }

  #intake(instance: string): IntakeContext {
    let context = this.#intakes.get(instance);
    if (context === undefined) {
      context = {
        instance,
        sender: new Sender(),
        state: this.#fold.state,
        keepsMetadata: () => this.#hasEvents,
        clock: this.#clock,
        monotonic: () => this.#options.clock.monotonic(),
        topic: this.#topicOf(instance),
        isCurrent: () => this.#options.log.isCurrent(INSTANCE + instance),
        committed: (chunk) => this.#committed(instance, chunk),
      };
      this.#intakes.set(instance, context);
    }
    return context;
  }
}
