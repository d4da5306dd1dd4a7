import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { readKey, textRedaction } from '../../../src/events/privacy.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import type { Topic } from '../../../src/log/log.ts';
import type { EventFeed, Exporter, ExporterContext, Operation } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { DigestConfig } from './config.ts';
import { DigestState } from './digest-state.ts';
import { DiscordNotifier } from './discord.ts';
import { IntervalEnds } from './interval-ends.ts';
import { IntervalReader } from './interval-reader.ts';
import type { Notifier } from './notifier.ts';
import { notifierIds } from './notifier-ids.ts';
import { DIGEST_OPERATIONS, type DigestStatus, type TestResult } from './operations.ts';
import { decisionOf } from './records.ts';
import { Sender } from './sender.ts';
import { statusOf } from './status.ts';
import { type DigestTelemetry, digestTelemetry } from './telemetry.ts';
import { WebhookNotifier } from './webhook.ts';

const MIB = 1024 * 1024;

/** What tests put in place of the world. */
interface Hooks {
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

/** The component: what counts, what ends intervals, and a sender for each notifier. */
export class DigestExporter implements Exporter {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ExporterContext;
  readonly #config: DigestConfig;
  readonly #feed: EventFeed;
  readonly #topic: Topic;
  readonly #state = new DigestState();
  readonly #notifiers: readonly Notifier[];
  readonly #senders: readonly Sender[];
  readonly #telemetry: DigestTelemetry;
  readonly #ends: IntervalEnds;
  readonly #sleep: Sleep;
  #reader: IntervalReader | undefined;

  constructor(
    context: ExporterContext,
    config: DigestConfig,
    { sleep = systemSleep, random = Math.random }: Hooks = {},
  ) {
    this.#context = context;
    this.#config = config;
    this.#sleep = sleep;
    const { id, meter, logger, trustedClock: clock } = context;
    const { interval, queue } = config;
    this.#feed = context.eventFeed({ maxAge: queue.max_age, maxBytes: queue.max_size_mib * MIB });
    this.#topic = context.attach(this.#state);
    this.#notifiers = notifiersOf(config, context);
    const [state, topic] = [this.#state, this.#topic];
    const waiting = (notifier: string) => state.waitingFor(notifier).length;
    this.#telemetry = digestTelemetry({ exporter: id, meter, notifiers: this.#ids, waiting });
    const common = { state, topic, logger, clock, sleep };
    this.#ends = new IntervalEnds({ ...common, reader: this.#feed.reader, interval });
    const retry = config.retry_on_failure;
    const acts = () => context.acts();
    this.#senders = this.#notifiers.map(
      (notifier) => new Sender({ ...common, notifier, retry, acts, telemetry: this.#telemetry, random }),
    );
    this.operations = {
      [DIGEST_OPERATIONS.status]: async () => this.#status(),
      [DIGEST_OPERATIONS.test]: () => this.#test(),
    };
  }

  get #ids(): readonly string[] {
    return this.#notifiers.map(({ id }) => id);
  }

  async start(): Promise<void> {
    const { logger } = this.#context;
    const redact = textRedaction(this.#config, await readKey(this.#config.hmac_key_file));
    for (const notifier of this.#notifiers) await notifier.open();
    this.#telemetry.begin();
    logger.info(`Digests go to ${this.#notifiers.map(({ id, shown }) => `${id} at ${shown}`).join(', ')}`);
    await this.#forgetThoseThatAreGone();
    this.#reader = new IntervalReader({
      feed: this.#feed,
      topic: this.#topic,
      state: this.#state,
      config: this.#config,
      notifiers: this.#ids,
      redact,
      logger,
      sleep: this.#sleep,
      onDigest: () => {
        for (const sender of this.#senders) sender.wake();
      },
    });
    await this.#ends.start();
    this.#reader.start();
    for (const sender of this.#senders) sender.start();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#ends.stop();
    await this.#reader?.stop();
    await Promise.all(this.#senders.map((sender) => sender.stop(deadline)));
    await Promise.all(this.#notifiers.map((notifier) => notifier.close()));
  }

  async examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    for (const { id, waiting, trouble } of this.#status().notifiers) {
      if (waiting === 0) continue;
      const message = `${id}: ${counted(waiting, 'digests wait', 'digest waits')}`;
      findings.push({ level: 'warning', message, ...(trouble !== null && { advice: trouble }) });
    }
    const looked = await Promise.all(this.#notifiers.map((notifier) => notifier.examine(signal)));
    return [...looked.flat(), ...findings];
  }

  status(): ComponentStatus {
    const [oldest] = this.#state.waiting;
    const age = oldest === undefined ? 0 : Math.max(0, (this.#context.trustedClock.now() - oldest.digest.to) / 1000);
    const times = this.#senders.flatMap(({ lastSuccess }) => lastSuccess ?? []);
    return statusOf(this.#status(), age, times.length === 0 ? null : Math.max(...times));
  }

  #status(): DigestStatus {
    const { interval } = this.#config;
    return {
      since: this.#state.end?.to ?? null,
      interval,
      total: this.#reader?.tally.total ?? null,
      notifiers: this.#notifiers.map(({ id, shown }, index) => ({
        id,
        target: shown,
        waiting: this.#state.waitingFor(id).length,
        trouble: this.#senders[index]!.trouble,
      })),
    };
  }

  #test(): Promise<readonly TestResult[]> {
    const message = randomUUID();
    const never = new AbortController().signal;
    return Promise.all(
      this.#notifiers.map(async (notifier) => {
        const outcome = await notifier.test(message, never);
        const problem = outcome.kind === 'success' ? null : outcome.message;
        return { id: notifier.id, target: notifier.shown, problem };
      }),
    );
  }

  /** What waits for a notifier that is not configured any more would wait for ever. */
  async #forgetThoseThatAreGone(): Promise<void> {
    const { logger } = this.#context;
    const known = new Set(this.#ids);
    for (const { digest, notifiers } of this.#state.waiting) {
      for (const notifier of notifiers.filter((id) => !known.has(id))) {
        try {
          const record = decisionOf({ type: 'done', id: digest.id, notifier, fate: 'gone' });
          const isWaiting = () => this.#state.waitingFor(notifier).some(({ id }) => id === digest.id);
          await appendDecided(this.#topic, () => (isWaiting() ? record : undefined));
          logger.warn(`A digest for ${notifier} is dropped: it is not configured any more`);
        } catch (error) {
          logger.warn({ err: error }, `A digest for ${notifier}, which is not configured any more, stays`);
        }
      }
    }
  }
}

function notifiersOf(config: DigestConfig, { version, trustedClock }: ExporterContext): Notifier[] {
  const { name = hostname(), interval, thresholds } = config;
  const common = { about: { name, interval, thresholds }, version, now: () => trustedClock.now() };
  return notifierIds(config.notifiers).map((each) =>
    each.kind === 'discord'
      ? new DiscordNotifier({ ...common, id: each.id, config: each.config })
      : new WebhookNotifier({ ...common, id: each.id, config: each.config }),
  );
}
