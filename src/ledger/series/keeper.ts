import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { Logger } from 'pino';
import type { Clock, Sleep } from '../../clock.ts';
import { formatDuration } from '../../config/duration.ts';
import { Repeating } from '../../delivery/repeating.ts';
import type { Fold, Topic } from '../../log/log.ts';
import type { MetricSource, MetricView } from '../../service/metric-source.ts';
import { SeriesFold } from './fold.ts';
import { Heard } from './heard.ts';
import { SeriesProducer } from './producer.ts';
import { Push } from './push.ts';
import { encodeNumbers } from './records.ts';
import { Rivals } from './rivals.ts';
import type { SeriesNumber, SeriesTable } from './series-table.ts';
import { UnderWay } from './under-way.ts';

interface KeeperOptions {
  /** Of the source, for whoever tells of it: `receiver/otlp`. */
  readonly name: string;
  attach(fold: Fold): Topic;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Series at most; points of others are refused. */
  readonly maxSeries: number;
  /** Milliseconds after which a series that is not heard of is shown no more. */
  readonly expiration: number;
  /** Milliseconds after that, after which its total goes too. */
  readonly forgetAfter: number;
}

/** What sends series, by its resource. */
export interface SeriesSource {
  readonly attributes: Attributes;
  /** Those whose total is kept. */
  readonly series: number;
  /** Those of them that are there now. */
  readonly current: number;
}

/** How often it is looked for series that are over, at most, ms. */
const OFTEN = 1000;
const SELDOM = 60_000;
/** Series in one record. */
const MOST_IN_RECORD = 100_000;

/**
 * Keeps the totals of series that others send, in the log: what was answered is kept, and counted once, over restarts of
 * the bridge and of whoever measures. See counting.ts for how, and docs/pipeline.md for what senders have to do for it.
 */
export class SeriesKeeper implements MetricSource {
  readonly #options: KeeperOptions;
  readonly #fold: SeriesFold;
  readonly #topic: Topic;
  readonly #heard: Heard;
  readonly #rivals: Rivals;
  readonly #underWay = new UnderWay();
  readonly #listeners = new Set<() => Promise<void>>();
  readonly #repeating: Repeating;
  /** Pushes that are being taken: numbers of series that they were given must go on to mean these. */
  #open = 0;
  #whenClosed: (() => void) | undefined;
  #forgetting: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#heard = new Heard(options.clock);
    this.#rivals = new Rivals(options.logger);
    this.#fold = new SeriesFold((series) => this.#heard.of(series));
    this.#topic = options.attach(this.#fold);
    this.#repeating = new Repeating(() => this.#lookAround(), options.sleep);
  }

  /** After the log was loaded. */
  start(): void {
    const { table } = this;
    for (let series = 0; series < table.rows; series++) this.#heard.of(series);
    this.#repeating.start(this.#interval);
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    await this.#repeating.stop();
  }

  get table(): SeriesTable {
    return this.#fold.table;
  }

  /** Whether a series is there now: it was heard of not long ago, and its source has not said that it ended. */
  isCurrent(series: SeriesNumber): boolean {
    return this.table.endedAt(series) === 0 && this.#heard.since(series) < this.#options.expiration;
  }

  /** All that have sent a series that is still kept. */
  get sources(): readonly SeriesSource[] {
    const counts = new Map<Resource, { series: number; current: number }>();
    for (const { resource, series } of this.table.streams) {
      if (series.size === 0) continue;
      const count = counts.get(resource) ?? { series: 0, current: 0 };
      counts.set(resource, count);
      count.series += series.size;
      for (const number of series.values()) if (this.isCurrent(number)) count.current += 1;
    }
    return [...counts].map(([{ attributes }, count]) => ({ attributes, ...count }));
  }

  /** Takes the points of one request; `close` it, whatever comes of it. */
  async open(): Promise<Push> {
    while (this.#forgetting) await this.#forgetting;
    this.#open += 1;
    const { maxSeries } = this.#options;
    return new Push({
      table: this.table,
      topic: this.#topic,
      heard: this.#heard,
      rivals: this.#rivals,
      underWay: this.#underWay,
      maxSeries,
      onClose: () => {
        this.#open -= 1;
        if (this.#open === 0) this.#whenClosed?.();
      },
    });
  }

  producer(names: readonly string[], view: MetricView = 'current') {
    const { name, clock } = this.#options;
    const { table } = this;
    return new SeriesProducer({
      table,
      source: name,
      view,
      isCurrent: (series) => names.includes(name) && this.isCurrent(series),
      now: () => clock.now(),
    });
  }

  beforeForgetting(listener: () => Promise<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get #interval(): number {
    return Math.min(Math.max(this.#options.expiration / 4, OFTEN), SELDOM);
  }

  async #lookAround(): Promise<number> {
    try {
      await this.expire();
      await this.forget();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'Series that are over could not be ended; trying again later');
    }
    return this.#interval;
  }

  /** Ends the series that were not heard of: now, and not when the timer says so. */
  async expire(): Promise<void> {
    const { table } = this;
    const over: SeriesNumber[] = [];
    for (let series = 0; series < table.rows && over.length < MOST_IN_RECORD; series++)
      if (table.has(series) && table.endedAt(series) === 0 && !this.isCurrent(series)) over.push(series);
    if (over.length > 0) await this.#topic.append(encodeNumbers('ended', over));
  }

  /** Lets go of totals of which nothing was heard for long: now, and not when the timer says so. */
  async forget(): Promise<void> {
    const { clock, forgetAfter, logger } = this.#options;
    const { table } = this;
    const before = clock.now() - forgetAfter;
    const find = () => {
      const idle: SeriesNumber[] = [];
      for (let series = 0; series < table.rows && idle.length < MOST_IN_RECORD; series++) {
        const endedAt = table.endedAt(series);
        if (endedAt !== 0 && endedAt <= before) idle.push(series);
      }
      return idle;
    };
    if (find().length === 0) return;
    for (const listener of this.#listeners) await listener();
    await this.#alone(async () => {
      const expect = this.#topic.last;
      const idle = find();
      if (idle.length === 0) return;
      await this.#topic.append(encodeNumbers('forgotten', idle), { expect });
      logger.info(
        { series: idle.length },
        `Forgot series that were not heard of for ${formatDuration(forgetAfter)}; they begin anew if they come again`,
      );
    });
  }

  /** While no push is open. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const done = (async () => {
      if (this.#open > 0)
        await new Promise<void>((resolve) => {
          this.#whenClosed = resolve;
        });
      this.#whenClosed = undefined;
      await work();
    })();
    this.#forgetting = done
      .catch(() => {})
      .finally(() => {
        this.#forgetting = undefined;
      });
    await done;
  }
}
