import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Clock, Sleep } from '../../../src/clock.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import { Conflict, type Position, type Topic } from '../../../src/log/log.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Log } from './log.ts';
import type { LeftOut } from './mapped.ts';
import type { Mapping } from './mapping.ts';
import type { WindowObserver } from './observer.ts';
import type { Outbox } from './outbox.ts';
import { type ComponentInfo, renderPayload } from './payload.ts';
import { PendingIncrements } from './pending-increments.ts';
import { type Follows, pointsOf, type SourceOf, type SourcePoint } from './points.ts';
import { decisionOf, type SealedRecord, type SeriesChange } from './records.ts';
import { Room } from './room.ts';
import { drawWindow, type WindowDraft } from './window.ts';
import type { WindowState } from './window-state.ts';

/** A window may have to wait for its second this long before the caller is told to come again. */
const BRIEF = 3000;
/** Past this the clock did not step, it was wrong: windows then go on from the last second, one by one. */
const DAY = 86_400_000;

/** What series may take of the record with which counting begins: an entry of the log holds 1 MiB. */
const CHANGES_BYTES = 512 * 1024;

/** What came of one collection. `more`: one record could not hold all that was new, and the next window tells the rest. */
export type Sealed =
  | { readonly kind: 'window'; readonly more: boolean }
  /** Nothing counted and no gauge changed. */
  | { readonly kind: 'nothing'; readonly more: boolean }
  /** The second of the next window is still to come, or another process was first: nothing is lost, the next window tells it all. */
  | { readonly kind: 'wait'; readonly milliseconds: number };

interface SealerOptions {
  readonly outbox: Outbox;
  readonly topic: Topic;
  readonly mapping: Mapping;
  /** Which instruments to look at, and which of their series. @default all */
  readonly follows?: Follows | undefined;
  readonly component: ComponentInfo;
  /** Whose a series is. @default nobody's */
  readonly sourceOf?: SourceOf | undefined;
  /** Of each source. */
  readonly maxOrigins: number;
  readonly otherOrigin: string;
  readonly reservedOrigins?: readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly observer: WindowObserver;
}

/** Makes windows: from the difference to the last one to the bytes that LAPI will get, and both into the log at once. */
export class Sealer {
  /** Items that no window could tell: see `mapped`. */
  leftOut = 0;
  readonly #options: SealerOptions;
  readonly #startedAt: number;
  readonly #pending = new PendingIncrements();
  readonly #warned = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /**
   * Before the first window of a run: where counting starts for sources that have no baseline yet.
   * @param sources - all that are to be told.
   */
  async startCounting(metrics: ResourceMetrics, sources: readonly string[]): Promise<void> {
    const { outbox, topic, dryRun, clock, log } = this.#options;
    const { state } = outbox;
    const points = this.#points(metrics).filter((point) => point.kind === 'total');
    let instances: string[] = [];
    let counted = 0;
    // One record after the other, each whole by itself: a source counts as begun with the last of them.
    for (let isDone = false; !isDone; ) {
      await appendDecided(topic, () => {
        isDone = true;
        const restart = state.dryRun === undefined || (state.dryRun && !dryRun);
        const fresh = new Set(restart ? sources : sources.filter((source) => !state.sources.has(source)));
        if (!restart && fresh.size === 0 && state.dryRun === dryRun) return undefined;
        instances = [...fresh];
        const totals = points.filter((point) => fresh.has(point.source) && (restart || !isBegun(state, point)));
        const changes = fitting(totals.map(changeOf));
        isDone = changes.length === totals.length;
        counted += changes.length;
        return decisionOf({
          type: 'baseline',
          at: clock.now(),
          sources: isDone ? instances : [],
          changes,
          restart,
          dryRun,
        });
      });
    }
    if (counted > 0) {
      log.info(
        { instances },
        'Counting for CrowdSec starts now: what was counted before is not sent, and its metrics keep it',
      );
    }
  }

  /**
   * Seals one window. One at a time; rejects when the log does, and then the next one tells it all.
   * @param asOf - where the outbox stood (`Topic.last`) when the metrics were collected: had another process sealed since,
   *   they would seem to have begun anew.
   */
  seal(metrics: ResourceMetrics, asOf: Position, signal?: AbortSignal): Promise<Sealed> {
    const sealed = this.#last.then(() => this.#seal(metrics, asOf, signal));
    this.#last = sealed.catch(() => {});
    return sealed;
  }

  async #seal(metrics: ResourceMetrics, asOf: Position, signal?: AbortSignal): Promise<Sealed> {
    const { clock, sleep } = this.#options;
    const points = this.#pending.merge(this.#points(metrics));
    let waited = 0;
    for (;;) {
      const now = clock.now();
      const draft = this.#draw(points, Math.floor(now / 1000));
      const { length } = draft.parts;
      const earliest = this.#lastSecond() + length;
      const wait = length === 0 ? 0 : earliest * 1000 - now;
      if (wait > 0 && wait <= DAY) {
        if (waited + wait > BRIEF || signal?.aborted) return { kind: 'wait', milliseconds: wait };
        await sleep(wait, signal);
        waited += wait;
        continue;
      }
      try {
        if (length === 0) await this.#advance(draft, now, asOf);
        else await this.#commit(draft, now, Math.max(Math.floor(now / 1000), earliest), asOf);
        this.#countLeftOut(draft);
        this.#pending.told(points.filter(({ key }) => !draft.left.has(key)));
        return { kind: length === 0 ? 'nothing' : 'window', more: draft.more };
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        // Another process has sealed: these metrics are older than what it told.
        return { kind: 'wait', milliseconds: 0 };
      }
    }
  }

  #lastSecond(): number {
    return this.#options.outbox.state.said.lastSecond ?? Math.floor(this.#startedAt / 1000) - 1;
  }

  #points(metrics: ResourceMetrics): SourcePoint[] {
    const { sourceOf = () => '' } = this.#options;
    const unusable = new Map<string, string>();
    const points = pointsOf(metrics, this.#follows, sourceOf, unusable);
    for (const [metric, problem] of unusable) this.#warnOnce({ metric, about: 'value', problem });
    return points;
  }

  /** It is somebody else's code: an instrument at which it throws is not looked at. */
  readonly #follows: Follows = (metric, attributes, from) => {
    const { follows } = this.#options;
    try {
      return follows === undefined || follows(metric, attributes, from);
    } catch (error) {
      this.#warnOnce({
        metric,
        about: 'follows',
        problem: `follows threw: ${String((error as Error)?.message ?? error)}`,
      });
      return false;
    }
  };

  #draw(points: readonly SourcePoint[], second: number): WindowDraft {
    const { outbox, mapping, maxOrigins, otherOrigin, reservedOrigins } = this.#options;
    const { state } = outbox;
    const draft = drawWindow({ state, points, mapping, maxOrigins, otherOrigin, reservedOrigins, second });
    for (const item of draft.leftOut) this.#warnOnce(item);
    return draft;
  }

  #countLeftOut({ leftOut }: WindowDraft): void {
    if (leftOut.length === 0) return;
    this.leftOut += leftOut.length;
    this.#options.observer.leftOut?.(leftOut.length);
  }

  /** No window; but what no item told must not be told by the next one, should the mapping change. */
  async #advance(draft: WindowDraft, now: number, expect: Position): Promise<void> {
    const { topic, log } = this.#options;
    if (draft.moves) await this.#append(topic, sealedRecord(draft, now), expect);
    log.debug({}, 'No metrics to send');
  }

  async #commit(draft: WindowDraft, now: number, second: number, expect: Position): Promise<void> {
    const { outbox, topic, component, dryRun, log, observer } = this.#options;
    const { parts } = draft;
    const size = second - this.#lastSecond();
    const body = renderPayload({ component, startedAt: this.#startedAt, second, size, parts });
    const number = outbox.state.lastNumber + 1;
    const items = parts.reduce((sum, part) => sum + part.length, 0);
    const window = { number, second, items, body, dryRun };
    await this.#append(topic, { ...sealedRecord(draft, now), window }, expect);
    if (dryRun) log.info({ window: number }, `Dry run: this window would be sent: ${body}`);
    else
      log.info(
        { window: number, items, seconds: size },
        `Sealed window ${number}: ${counted(items, 'items')}, ${size} s`,
      );
    observer.sealed({ number, items, dryRun });
  }

  async #append(topic: Topic, sealed: SealedRecord, expect: Position): Promise<void> {
    const { record, origin } = decisionOf(sealed);
    await topic.append(record, { expect, origin });
  }

  /** Once for each kind of mistake: what a mapping says of it may differ from one series to the next. */
  #warnOnce({ metric, about, problem }: LeftOut): void {
    const key = `${metric}\0${about}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#options.log.warn({ metric, about }, `Left out of CrowdSec windows: ${metric}: ${problem}`);
  }
}

/** As many, from the first, as one record holds. */
function fitting(changes: readonly SeriesChange[]): readonly SeriesChange[] {
  const room = new Room(CHANGES_BYTES);
  const end = changes.findIndex((change) => !room.takes(change));
  return end === -1 ? changes : changes.slice(0, end);
}

function changeOf({ key, value, start, source }: SourcePoint): SeriesChange {
  return [key, Math.floor(value), start, source];
}

function isBegun({ baseline }: WindowState, { key, value, start }: SourcePoint): boolean {
  const base = baseline.get(key);
  return base?.value === Math.floor(value) && base.start === start;
}

function sealedRecord({ changes, ended, owed, released, noted }: WindowDraft, at: number): SealedRecord {
  return { type: 'sealed', at, changes, ended, owed, released, noted };
}
