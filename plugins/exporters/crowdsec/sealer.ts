import type { Attributes } from '@opentelemetry/api';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../../../src/clock.ts';
import type { Sleep } from '../../../src/sleep.ts';
import type { Journal } from '../../../src/storage/store.ts';
import type { Log } from './log.ts';
import type { Mapping } from './mapping.ts';
import type { WindowObserver } from './observer.ts';
import type { Outbox } from './outbox.ts';
import { type ComponentInfo, renderPayload } from './payload.ts';
import { PendingIncrements } from './pending-increments.ts';
import { pointsOf, type SourcePoint } from './points.ts';
import { encodeRecord, type SealedRecord } from './records.ts';
import { drawWindow, type WindowDraft } from './window.ts';

/** A window may have to wait for its second this long before the caller is told to come again. */
const BRIEF = 3000;
/** Past this the clock did not step, it was wrong: windows then go on from the last second, one by one. */
const DAY = 86_400_000;

/** What came of one collection. */
export type Sealed =
  | { readonly kind: 'window'; readonly number: number }
  /** Nothing counted and no gauge changed. */
  | { readonly kind: 'nothing' }
  /** The second of the next window is still to come: nothing is lost, the next window tells it all. */
  | { readonly kind: 'wait'; readonly milliseconds: number };

export interface SealerOptions {
  readonly outbox: Outbox;
  readonly journal: Journal;
  readonly mapping: Mapping;
  /** Which instruments to look at, and which of their series. @default all */
  readonly follows?: ((metric: string, attributes?: Attributes) => boolean) | undefined;
  readonly component: ComponentInfo;
  readonly maxOrigins: number;
  readonly otherOrigin: string;
  readonly dryRun: boolean;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly observer: WindowObserver;
}

/** Makes windows: from the difference to the last one to the bytes that LAPI will get, and both into the journal at once. */
export class Sealer {
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
   * @param sources - all that are to be told. @param sourceOf - whose point it is.
   */
  async startCounting(
    metrics: ResourceMetrics,
    sources: readonly string[],
    sourceOf: (point: SourcePoint) => string,
  ): Promise<void> {
    const { outbox, journal, dryRun, clock, log } = this.#options;
    const { state } = outbox;
    const restart = state.dryRun === undefined || (state.dryRun && !dryRun);
    const fresh = new Set(restart ? sources : sources.filter((source) => !state.sources.has(source)));
    if (!restart && fresh.size === 0 && state.dryRun === dryRun) return;
    const totals = this.#points(metrics).filter((point) => point.kind === 'total' && fresh.has(sourceOf(point)));
    const changes = totals.map(({ key, value, start }) => [key, Math.floor(value), start] as const);
    const record = { type: 'baseline', at: clock.now(), sources: [...fresh], changes, restart, dryRun } as const;
    await journal.append([encodeRecord(record)]);
    if (changes.length > 0) {
      log.info(
        { instances: [...fresh] },
        'Counting for CrowdSec starts now: what was counted before is not sent, and its metrics keep it',
      );
    }
  }

  /** Seals one window. One at a time; rejects when the journal does, and then the next one tells it all. */
  seal(metrics: ResourceMetrics, signal?: AbortSignal): Promise<Sealed> {
    const sealed = this.#last.then(() => this.#seal(metrics, signal));
    this.#last = sealed.catch(() => {});
    return sealed;
  }

  async #seal(metrics: ResourceMetrics, signal?: AbortSignal): Promise<Sealed> {
    const { clock, sleep } = this.#options;
    const points = this.#pending.merge(this.#points(metrics));
    let waited = 0;
    for (;;) {
      const now = clock.now();
      const draft = this.#draw(points, Math.floor(now / 1000));
      if (draft.parts.length === 0) return this.#advance(draft, points, now);
      const earliest = this.#lastSecond() + draft.parts.length;
      const wait = earliest * 1000 - now;
      if (wait <= 0 || wait > DAY) return this.#commit(draft, points, now, Math.max(Math.floor(now / 1000), earliest));
      if (waited + wait > BRIEF || signal?.aborted) return { kind: 'wait', milliseconds: wait };
      await sleep(wait, signal);
      waited += wait;
    }
  }

  #lastSecond(): number {
    return this.#options.outbox.state.said.lastSecond ?? Math.floor(this.#startedAt / 1000) - 1;
  }

  #points(metrics: ResourceMetrics): SourcePoint[] {
    const { follows = () => true } = this.#options;
    const unusable = new Map<string, string>();
    const points = pointsOf(metrics, follows, unusable);
    for (const [metric, problem] of unusable) this.#warnOnce(metric, problem);
    return points;
  }

  #draw(points: readonly SourcePoint[], second: number): WindowDraft {
    const { outbox, mapping, maxOrigins, otherOrigin } = this.#options;
    const draft = drawWindow({ state: outbox.state, points, mapping, maxOrigins, otherOrigin, second });
    for (const [metric, problem] of draft.unusable) this.#warnOnce(metric, problem);
    return draft;
  }

  /** No window; but what no item told must not be told by the next one, should the mapping change. */
  async #advance(draft: WindowDraft, points: readonly SourcePoint[], now: number): Promise<Sealed> {
    const { journal, log } = this.#options;
    if (draft.moves) await journal.append([encodeRecord(sealedRecord(draft, now))]);
    this.#pending.told(points);
    log.debug({}, 'No metrics to send');
    return { kind: 'nothing' };
  }

  async #commit(draft: WindowDraft, points: readonly SourcePoint[], now: number, second: number): Promise<Sealed> {
    const { outbox, journal, component, dryRun, log, observer } = this.#options;
    const { parts } = draft;
    const size = second - this.#lastSecond();
    const body = renderPayload({ component, startedAt: this.#startedAt, second, size, parts });
    const number = outbox.state.lastNumber + 1;
    const items = parts.reduce((sum, part) => sum + part.length, 0);
    const window = { number, second, items, body, dryRun };
    await journal.append([encodeRecord({ ...sealedRecord(draft, now), window })]);
    this.#pending.told(points);
    if (dryRun) log.info({ window: number }, `Dry run: this window would be sent: ${body}`);
    else log.info({ window: number, items, seconds: size }, `Sealed window ${number}: ${items} items, ${size} s`);
    observer.sealed({ number, items, dryRun });
    return { kind: 'window', number };
  }

  #warnOnce(metric: string, problem: string): void {
    const text = `${metric}: ${problem}`;
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.log.warn({ metric }, `Left out of CrowdSec windows: ${text}`);
  }
}

function sealedRecord({ changes, owed, released }: WindowDraft, at: number): SealedRecord {
  return { type: 'sealed', at, changes, owed, released };
}
