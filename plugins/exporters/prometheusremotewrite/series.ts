import type { Attributes } from '@opentelemetry/api';
import { type Label, labelsOf } from '../../../src/telemetry/prometheus/labels.ts';
import { encodeLabels } from './messages.ts';

/** One series as the receiver knows it. */
export interface Series {
  readonly key: string;
  /** Its labels as they are sent. */
  readonly labels: Uint8Array;
  /** Number of the collection that it was in last. */
  seen: number;
}

/** Remembers the series that were sent, so that each is encoded once, and the end of each is noticed. */
export class SeriesRegistry {
  readonly #series = new Map<string, Series>();
  /** By attributes object, then by sample name and bound: whoever produces metrics hands out the same objects again. */
  readonly #known = new WeakMap<Attributes, Map<string, Series>>();
  #collection = 0;

  /** A new collection begins. */
  begin(): void {
    this.#collection++;
  }

  /**
   * Finds a series, and notes that it is in this collection.
   * @param name - of the sample. @param scope - what stands for `extra`. @param bound - value of `le`.
   */
  see(name: string, attributes: Attributes, scope: string, extra: readonly Label[], bound?: string): Series {
    const short = bound === undefined ? `${scope} ${name}` : `${scope} ${name} ${bound}`;
    const byName = this.#known.get(attributes) ?? new Map<string, Series>();
    this.#known.set(attributes, byName);
    let series = byName.get(short);
    if (!series) {
      series = this.#find(sorted(name, labelsOf(attributes, extra), bound));
      byName.set(short, series);
    }
    // It may have ended and come back since.
    if (series.seen !== this.#collection) this.#series.set(series.key, series);
    series.seen = this.#collection;
    return series;
  }

  /** Takes out the series that were in the collection before, and are not in this one. */
  *ended(): Generator<Series> {
    for (const series of this.#series.values()) {
      if (series.seen === this.#collection) continue;
      this.#series.delete(series.key);
      yield series;
    }
  }

  /** Another attributes object may stand for the same series. */
  #find(labels: readonly Label[]): Series {
    const key = JSON.stringify(labels);
    return this.#series.get(key) ?? { key, labels: encodeLabels(labels), seen: 0 };
  }
}

/** Receivers want labels in the order of their names, and none that is empty. */
function sorted(name: string, labels: readonly Label[], bound: string | undefined): Label[] {
  const all: Label[] = [['__name__', name], ...labels];
  if (bound !== undefined) all.push(['le', bound]);
  return all.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
}
