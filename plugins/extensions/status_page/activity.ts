import type { Clock } from '../../../src/clock.ts';
import type { BridgeEventMap } from '../../../src/events/bridge-events.ts';
import { OTHER } from '../../../src/telemetry/names.ts';

const MINUTE = 60_000;
/** Minutes that are kept, and shown as a curve. */
const MINUTES = 60;
/** Minutes that share one count of tags: the last hour is twelve of those. */
const SPAN = 5;
/** Distinct tags of such a span, of each Couic: more are counted together. */
const MOST_TAGS = 1000;

type Committed = BridgeEventMap['committed'][0];

/** What one Couic added: a ring of minutes, and one of tags. */
interface Ring {
  readonly minutes: Float64Array;
  readonly spans: Map<string | null, number>[];
  /** Minute of the last count, since an arbitrary moment. */
  minute: number;
}

export interface InstanceActivity {
  /** Drop rules that were added in each of the last minutes, oldest first; the last one is not over. */
  readonly perMinute: readonly number[];
  /** Those of the last hour by tag, most first; null for none. */
  readonly tags: readonly { readonly tag: string | null; readonly added: number }[];
}

/**
 * What was added in the last hour, by what the bridge's emitter tells of each commit: a few counters for each Couic, in memory, so it begins
 * with the process. It has no timer: what is over is let go of when something is counted, or looked at.
 */
export class Activity {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #rings = new Map<string, Ring>();
  /** When counting began, by the monotonic clock. */
  readonly #since: number;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Minutes that were counted, at most an hour. */
  get counted(): number {
    return Math.min(MINUTES, Math.floor((this.#clock.monotonic() - this.#since) / MINUTE) + 1);
  }

  readonly committed = ({ instance, drops }: Committed): void => {
    const ring = this.#ring(instance);
    const minute = this.#goOn(ring);
    const span = ring.spans[Math.floor(minute / SPAN) % ring.spans.length]!;
    for (const [tag, added] of drops()) {
      ring.minutes[minute % MINUTES]! += added;
      const name = span.has(tag) || span.size < MOST_TAGS ? tag : OTHER;
      span.set(name, (span.get(name) ?? 0) + added);
    }
  };

  of(instance: string): InstanceActivity {
    const ring = this.#rings.get(instance);
    if (ring === undefined) return { perMinute: new Array<number>(this.counted).fill(0), tags: [] };
    const minute = this.#goOn(ring);
    const perMinute = Array.from(
      { length: this.counted },
      (_, i) => ring.minutes[(minute - this.counted + 1 + i + MINUTES) % MINUTES]!,
    );
    const sums = new Map<string | null, number>();
    for (const span of ring.spans) for (const [tag, added] of span) sums.set(tag, (sums.get(tag) ?? 0) + added);
    const tags = Array.from(sums, ([tag, added]) => ({ tag, added })).toSorted((a, b) => b.added - a.added);
    return { perMinute, tags };
  }

  #ring(instance: string): Ring {
    let ring = this.#rings.get(instance);
    if (ring === undefined) {
      const spans = Array.from({ length: MINUTES / SPAN }, () => new Map<string | null, number>());
      ring = { minutes: new Float64Array(MINUTES), spans, minute: this.#minute() };
      this.#rings.set(instance, ring);
    }
    return ring;
  }

  /** Empties what is from an hour ago. @returns the minute that it is. */
  #goOn(ring: Ring): number {
    const now = this.#minute();
    const from = Math.max(ring.minute + 1, now - MINUTES + 1);
    for (let minute = from; minute <= now; minute++) {
      ring.minutes[minute % MINUTES] = 0;
      if (minute % SPAN === 0) ring.spans[(minute / SPAN) % ring.spans.length]!.clear();
    }
    ring.minute = Math.max(now, ring.minute);
    return ring.minute;
  }

  #minute(): number {
    return Math.floor(this.#clock.monotonic() / MINUTE);
  }
}
