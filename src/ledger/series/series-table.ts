import type { Attributes } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { attributesKey, compact, Shared } from './attributes.ts';
import { Columns } from './columns.ts';
import type { CountState, Sequence } from './counting.ts';
import type { HistogramValue, StreamInfo, Temporality } from './observation.ts';
import { streamKey } from './streams.ts';

/** A metric of one resource and scope: what its series have in common. */
export interface Stream {
  readonly info: StreamInfo;
  /** The same object for all streams of one resource. */
  readonly resource: Resource;
  /** By the key of their attributes. */
  readonly series: Map<string, SeriesNumber>;
}

/** Where a series is in the table. Those of series that were forgotten are given again. */
export type SeriesNumber = number;

/** What most series never have. */
interface Rare {
  readonly previous?: Sequence | undefined;
  readonly gaps?: CountState['gaps'];
}

/** A histogram's total, and what its source told last. */
export interface HistogramState {
  readonly total: HistogramValue;
  readonly last: HistogramValue | undefined;
}

const NO_GAPS: CountState['gaps'] = [];
const COLUMNS = ['total', 'begin', 'start', 'first', 'time', 'value', 'mode', 'endedAt'] as const;
/** What `mode` holds. */
const MODES: readonly (Temporality | undefined)[] = [undefined, 'cumulative', 'delta'];

/** One piece of a table, as a snapshot keeps it: JSON. */
export type TableEntry =
  | ['stream', number, StreamInfo]
  | ['series', SeriesNumber, stream: number, Attributes]
  | ['free', SeriesNumber]
  | ['rare', SeriesNumber, Rare]
  | ['histogram', SeriesNumber, HistogramState];

/** The table as of one moment. */
export interface SavedTable {
  readonly rows: number;
  readonly columns: readonly Float64Array[];
  /** One call for each entry, so that not all are made at once. */
  readonly entries: readonly (() => TableEntry)[];
}

/**
 * All series: what each is, in objects that are the same at each collection, and where it stands, in columns of numbers. Who
 * changes it are the records of the log.
 */
export class SeriesTable {
  readonly streams: Stream[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #resources = new Map<string, Resource>();
  #streamOf = new Int32Array(16);
  readonly #attributes: (Attributes | undefined)[] = [];
  readonly #columns = new Columns(COLUMNS);
  readonly #rare = new Map<SeriesNumber, Rare>();
  readonly #histograms = new Map<SeriesNumber, HistogramState>();
  /** In the order in which they are given again, the last first: replays have to give the same ones. */
  readonly #free: SeriesNumber[] = [];
  readonly #shared = new Shared();

  /** How many series there are. */
  get size(): number {
    return this.#attributes.length - this.#free.length;
  }

  /** One more than the highest number. */
  get rows(): number {
    return this.#attributes.length;
  }

  findStream(key: string): number | undefined {
    return this.#byKey.get(key);
  }

  stream(info: StreamInfo, key = streamKey(info)): number {
    let number = this.#byKey.get(key);
    if (number === undefined) {
      number = this.streams.length;
      this.streams.push({ info, resource: this.#resource(info.resource), series: new Map() });
      this.#byKey.set(key, number);
    }
    return number;
  }

  #resource(attributes: Attributes): Resource {
    const key = attributesKey(attributes);
    let resource = this.#resources.get(key);
    if (!resource) {
      resource = resourceFromAttributes(attributes);
      this.#resources.set(key, resource);
    }
    return resource;
  }

  series(stream: number, attributes: Attributes, key = attributesKey(attributes)): SeriesNumber {
    const { series } = this.streams[stream]!;
    const known = series.get(key);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#attributes.length;
    this.#put(number, stream, attributes, key);
    return number;
  }

  #put(number: SeriesNumber, stream: number, attributes: Attributes, key: string): void {
    const own: Attributes = {};
    for (const name in attributes) {
      const value = attributes[name];
      own[this.#shared.of(name)] = typeof value === 'string' ? this.#shared.of(value) : value;
    }
    this.#attributes[number] = own;
    if (number >= this.#streamOf.length) {
      const grown = new Int32Array(Math.ceil(number * 1.25) + 1);
      grown.set(this.#streamOf);
      this.#streamOf = grown;
    }
    this.#streamOf[number] = stream;
    this.streams[stream]!.series.set(compact(key), number);
  }

  /** Whether there is a series of this number. */
  has(number: SeriesNumber): boolean {
    return this.#attributes[number] !== undefined;
  }

  attributesOf(number: SeriesNumber): Attributes {
    return this.#attributes[number]!;
  }

  streamOf(number: SeriesNumber): Stream {
    return this.streams[this.#streamOf[number]!]!;
  }

  /** What a counter has counted, where a level stands. */
  totalOf(number: SeriesNumber): number {
    return this.#columns.get('total', number);
  }

  setTotal(number: SeriesNumber, total: number): void {
    this.#columns.set('total', number, total);
  }

  /** Milliseconds since the epoch at which the total began; 0 before that. */
  beginOf(number: SeriesNumber): number {
    return this.#columns.get('begin', number);
  }

  setBegin(number: SeriesNumber, milliseconds: number): void {
    this.#columns.set('begin', number, milliseconds);
  }

  /** Milliseconds since the epoch at which it was no more, by the log's time; 0 = it is there. */
  endedAt(number: SeriesNumber): number {
    return this.#columns.get('endedAt', number);
  }

  setEnded(number: SeriesNumber, milliseconds: number): void {
    this.#columns.set('endedAt', number, milliseconds);
  }

  histogramOf(number: SeriesNumber): HistogramState | undefined {
    return this.#histograms.get(number);
  }

  setHistogram(number: SeriesNumber, state: HistogramState): void {
    this.#histograms.set(number, state);
  }

  /** When the run of the source began that told last, as it says itself, nanoseconds; 0 when it does not. */
  startOf(number: SeriesNumber): number {
    return this.#columns.get('start', number);
  }

  /** Of the last point of that run, nanoseconds. */
  timeOf(number: SeriesNumber): number {
    return this.#columns.get('time', number);
  }

  countOf(number: SeriesNumber): CountState | undefined {
    const columns = this.#columns;
    const mode = MODES[columns.get('mode', number)];
    if (mode === undefined) return undefined;
    const rare = this.#rare.get(number);
    return {
      mode,
      current: {
        start: columns.get('start', number),
        first: columns.get('first', number),
        time: columns.get('time', number),
        value: columns.get('value', number),
      },
      previous: rare?.previous,
      gaps: rare?.gaps ?? NO_GAPS,
    };
  }

  setCount(number: SeriesNumber, { mode, current, previous, gaps }: CountState): void {
    const columns = this.#columns;
    columns.set('mode', number, MODES.indexOf(mode));
    columns.set('start', number, current.start);
    columns.set('first', number, current.first);
    columns.set('time', number, current.time);
    columns.set('value', number, current.value);
    if (previous || gaps.length > 0)
      this.#rare.set(number, { ...(previous && { previous }), ...(gaps.length > 0 && { gaps }) });
    else this.#rare.delete(number);
  }

  /** It never was: the next of its name begins at zero. */
  forget(number: SeriesNumber): void {
    const attributes = this.#attributes[number];
    if (attributes === undefined) return;
    this.streamOf(number).series.delete(attributesKey(attributes));
    this.#attributes[number] = undefined;
    this.#columns.clear(number);
    this.#rare.delete(number);
    this.#histograms.delete(number);
    this.#free.push(number);
  }

  save(): SavedTable {
    const attributes = this.#attributes.slice();
    const streamOf = this.#streamOf.slice(0, attributes.length);
    const entries: (() => TableEntry)[] = this.streams.map(({ info }, number) => () => ['stream', number, info]);
    for (const [number, own] of attributes.entries())
      if (own) entries.push(() => ['series', number, streamOf[number]!, own]);
    for (const number of this.#free) entries.push(() => ['free', number]);
    for (const [number, rare] of this.#rare) entries.push(() => ['rare', number, rare]);
    for (const [number, state] of this.#histograms) entries.push(() => ['histogram', number, state]);
    return {
      rows: attributes.length,
      columns: this.#columns.copy(attributes.length),
      entries,
    };
  }

  /** Into a new table. */
  restore({ rows, columns }: Pick<SavedTable, 'rows' | 'columns'>, entries: Iterable<TableEntry>): void {
    this.#attributes.length = rows;
    for (const entry of entries) {
      if (entry[0] === 'stream') this.stream(entry[2]);
      else if (entry[0] === 'series') this.#put(entry[1], entry[2], entry[3], attributesKey(entry[3]));
      else if (entry[0] === 'free') this.#free.push(entry[1]);
      else if (entry[0] === 'rare') this.#rare.set(entry[1], entry[2]);
      else this.#histograms.set(entry[1], entry[2]);
    }
    this.#columns.restore(columns);
  }
}
