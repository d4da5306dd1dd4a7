import type { Logger } from 'pino';
import type { Sleep } from '../../../src/clock.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import { type Entry, Gap, type Topic } from '../../../src/log/log.ts';
import type { EventFeed } from '../../../src/service/component.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { DigestConfig } from './config.ts';
import { countEntry } from './count-entry.ts';
import { reaches } from './digest.ts';
import type { DigestState } from './digest-state.ts';
import { DropCounters } from './drop-counters.ts';
import { makeDigest } from './make-digest.ts';
import { type ClosedRecord, type DigestRecord, decisionOf, decodeMark, type EndRecord } from './records.ts';
import { Tally } from './tally.ts';

/** After an error of reading or writing, ms. */
const AGAIN = 5000;

interface IntervalReaderOptions {
  readonly feed: EventFeed;
  readonly topic: Topic;
  readonly state: DigestState;
  readonly config: Pick<DigestConfig, 'thresholds' | 'top_tags' | 'top_networks'>;
  /** Ids of those that are to be told. */
  readonly notifiers: readonly string[];
  readonly redact: (network: string) => string | null;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly sleep: Sleep;
  /** There is something to be told. */
  readonly onDigest: () => void;
}

/**
 * Counts the log interval by interval. The ends of intervals are entries of the log, so that a restart counts the same again
 * from the last one; what is told of an interval is written down before the log lets go of what it was made of.
 */
export class IntervalReader {
  readonly #options: IntervalReaderOptions;
  readonly #ending = new AbortController();
  /** Ends reading when something was erased of what was counted: it is counted again. */
  #erased = new AbortController();
  #tally = new Tally();
  #drops: DropCounters;
  #loop: Promise<void> | undefined;

  constructor(options: IntervalReaderOptions) {
    this.#options = options;
    this.#drops = new DropCounters({});
    options.feed.reader.onErased(() => this.#erased.abort());
  }

  /** Since the last end, as far as it was read. */
  get tally(): Pick<Tally, 'total'> {
    return this.#tally;
  }

  start(): void {
    this.#restart();
    this.#loop = this.#run();
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  /** Counts anew from the last end that was closed. */
  #restart(): void {
    this.#tally = new Tally();
    this.#drops = new DropCounters(this.#options.state.drops);
  }

  async #run(): Promise<void> {
    const { feed, logger, sleep } = this.#options;
    const ending = this.#ending.signal;
    const instances = new Set(feed.instances);
    while (!ending.aborted) {
      this.#erased = new AbortController();
      const erased = this.#erased.signal;
      try {
        for await (const entry of feed.reader.read(AbortSignal.any([ending, erased]))) {
          if (erased.aborted) break;
          await this.#take(entry, instances);
        }
        this.#restart();
      } catch (error) {
        if (error instanceof Gap) await this.#lost(error);
        else {
          logger.error({ err: error }, `What is to be counted cannot be read: ${(error as Error).message}`);
          await sleep(AGAIN, ending);
          this.#restart();
        }
      }
    }
  }

  async #take(entry: Entry, instances: ReadonlySet<string>): Promise<void> {
    const { topic } = this.#options;
    if (entry.topic !== topic.name) return countEntry(entry, instances, this.#tally, this.#drops);
    const mark = decodeMark(entry.record);
    if (mark?.type === 'gap') this.#tally.isIncomplete = true;
    if (mark?.type === 'end') await this.#close(entry, mark);
  }

  async #close({ position, epoch }: Entry, end: EndRecord): Promise<void> {
    const { state, feed, logger, onDigest } = this.#options;
    const record = this.#closing(`${feed.logId}-${epoch}-${position}`, position, end);
    // One that was closed before a crash is read again, and stays as it is.
    const isWritten = await this.#write(record, () => state.closed < position);
    if (state.closed < position) return;
    this.#restart();
    if (isWritten && record.digest) {
      const { level, total } = record.digest;
      logger.info({ total }, `Digest of ${counted(total, 'added rules')} (${level}): to be sent to all notifiers`);
      onDigest();
    }
    // It only lets the log go of what is counted: the next end does it too.
    await feed.reader
      .retain(position)
      .catch((error) => logger.warn({ err: error }, 'The log keeps what was counted, until the next interval'));
  }

  #closing(id: string, through: number, { from, to }: EndRecord): ClosedRecord {
    const { config, notifiers, redact } = this.#options;
    const { thresholds, top_tags: topTags, top_networks: topNetworks } = config;
    const closed = { type: 'closed', through, drops: this.#drops.counts } as const;
    // Silent without a report, as couic-report is.
    if (from === null || this.#tally.total === 0) return closed;
    const digest = makeDigest(this.#tally, this.#drops, { id, from, to, thresholds, topTags, topNetworks, redact });
    return reaches(digest.level, thresholds.threshold_min) ? { ...closed, digest, notifiers } : closed;
  }

  async #lost({ from, first }: Gap): Promise<void> {
    const { feed, logger, state } = this.#options;
    const through = first - 1;
    logger.error(
      `${counted(first - from, 'entries of the log were', 'entry of the log was')} let go of by the bounds of queue, not counted: the digest will say that there was more`,
    );
    await this.#write({ type: 'gap', through }, () => state.gap < through);
    await feed.reader.retain(through).catch(() => this.#options.sleep(AGAIN, this.#ending.signal));
  }

  /** Until it is on disk, or nobody waits any more. @returns whether this process wrote it. */
  async #write(record: DigestRecord, isNew: () => boolean): Promise<boolean> {
    const { topic, logger, sleep } = this.#options;
    for (let failures = 0; !this.#ending.signal.aborted; failures++) {
      try {
        const position = await appendDecided(topic, () => (isNew() ? decisionOf(record) : undefined));
        return position !== undefined;
      } catch (error) {
        if (failures === 0) logger.warn({ err: error }, 'A digest could not be written down; trying again');
        await sleep(AGAIN, this.#ending.signal);
      }
    }
    return false;
  }
}
