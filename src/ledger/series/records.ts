import type { Attributes } from '@opentelemetry/api';
import type { HistogramValue, PointTimes, StreamInfo, Temporality } from './observation.ts';

/*
 * Records of series in the log. Each begins with its kind (u32). A record of points is then: how many points, stamps and
 * bytes of JSON (u32 each); stamps (f64 start, f64 time; the start of one of deltas is negated minus one); values (f64); what
 * series (u32) and which stamp (u16) each point is of; and the JSON, which has what is new. Kinds are only ever added.
 */
export const SERIES_RECORD = { points: 1, ended: 2, forgotten: 3 } as const;

const HEADER = 16;
const BYTES_A_POINT = 8 + 4 + 2;
const BYTES_A_STAMP = 16;
const MOST_STAMPS = 65_535;
/** Set in the number of a series that the record's JSON introduces. */
const NEW = 0x8000_0000;
/** Value of a point by which its source says that the series is no more: no source sends it, see `takable`. */
const ENDED = Number.NEGATIVE_INFINITY;

/** A stream of the table, or one that the record introduces. */
type StreamRef = number | StreamInfo;

/** What the JSON of a record holds. */
interface Introduced {
  /** Streams that are not in the table. */
  readonly streams: readonly StreamInfo[];
  /** Series that are not in the table; a negative stream is one of `streams`: -1 the first. */
  readonly series: readonly (readonly [stream: number, attributes: Attributes])[];
  /** Of histograms: `[index of the point, bounds, counts, sum]`; its count is its value. */
  readonly histograms: readonly (readonly [number, readonly number[], readonly number[], number | null])[];
}

/** One point as the record has it. */
export interface RecordedPoint extends PointTimes {
  /** Of the table; -1 when it is new, and `introduced` says what it is. */
  readonly series: number;
  readonly introduced: { readonly stream: StreamRef; readonly attributes: Attributes } | undefined;
  readonly temporality: Temporality;
  readonly value: number | HistogramValue | 'ended';
}

/** Collects points until they are as many as one record should hold. */
export class PointsRecord {
  readonly #limit: number;
  readonly #stamps: number[] = [];
  readonly #stampOf = new Map<string, number>();
  readonly #values: number[] = [];
  readonly #series: number[] = [];
  readonly #stampIndex: number[] = [];
  readonly #streams: StreamInfo[] = [];
  readonly #streamNumbers = new Map<StreamInfo, number>();
  readonly #introduced: [number, Attributes][] = [];
  /** By stream and attributes, as the caller tells them apart. */
  readonly #introducedNumbers = new Map<string, number>();
  readonly #histograms: (readonly [number, readonly number[], readonly number[], number | null])[] = [];
  #jsonBytes = 0;
  #lastStamp = { start: Number.NaN, time: Number.NaN, index: 0 };

  /** @param limit - bytes from which on it is full. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get points(): number {
    return this.#values.length;
  }

  get isFull(): boolean {
    const binary = this.#values.length * BYTES_A_POINT + (this.#stamps.length / 2) * BYTES_A_STAMP;
    return binary + this.#jsonBytes >= this.#limit || this.#stamps.length / 2 >= MOST_STAMPS;
  }

  /** Series that it introduces. */
  get introduced(): number {
    return this.#introduced.length;
  }

  /** @param series - of the table. */
  add(series: number, temporality: Temporality, times: PointTimes, value: RecordedPoint['value']): void {
    const { start, time } = times;
    this.#series.push(series);
    this.#stampIndex.push(this.#stamp(temporality === 'delta' ? -start - 1 : start, time));
    if (typeof value === 'object') {
      const { bounds, counts, count, sum } = value;
      this.#histograms.push([this.#values.length, bounds, counts, sum ?? null]);
      this.#jsonBytes += 24 + 12 * (bounds.length + counts.length);
      this.#values.push(count);
    } else this.#values.push(value === 'ended' ? ENDED : value);
  }

  /** Of a series that was introduced before, by its key. */
  introducedNumber(key: string): number | undefined {
    const number = this.#introducedNumbers.get(key);
    return number === undefined ? undefined : number + NEW;
  }

  /**
   * @param key - tells its stream and attributes from others.
   * @returns the number that stands for a series which is not in the table yet.
   */
  introduce(stream: StreamRef, attributes: Attributes, key: string): number {
    let number = this.#introducedNumbers.get(key);
    if (number === undefined) {
      number = this.#introduced.length;
      this.#introducedNumbers.set(key, number);
      this.#introduced.push([typeof stream === 'number' ? stream : this.#stream(stream), attributes]);
      // JSON has quotes, and may escape some: a guess that the rest of an entry has room for.
      this.#jsonBytes += key.length + 32;
    }
    return number + NEW;
  }

  #stream(info: StreamInfo): number {
    let number = this.#streamNumbers.get(info);
    if (number === undefined) {
      this.#streams.push(info);
      number = -this.#streams.length;
      this.#streamNumbers.set(info, number);
      this.#jsonBytes += JSON.stringify(info).length;
    }
    return number;
  }

  #stamp(start: number, time: number): number {
    const last = this.#lastStamp;
    if (last.start === start && last.time === time) return last.index;
    const key = `${start} ${time}`;
    let index = this.#stampOf.get(key);
    if (index === undefined) {
      index = this.#stamps.length / 2;
      this.#stamps.push(start, time);
      this.#stampOf.set(key, index);
    }
    this.#lastStamp = { start, time, index };
    return index;
  }

  encode(): Uint8Array {
    const json = Buffer.from(
      JSON.stringify({
        streams: this.#streams,
        series: this.#introduced,
        histograms: this.#histograms,
      } satisfies Introduced),
    );
    const points = this.#values.length;
    const bytes = new Uint8Array(HEADER + this.#stamps.length * 8 + points * BYTES_A_POINT + json.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, SERIES_RECORD.points, true);
    view.setUint32(4, points, true);
    view.setUint32(8, this.#stamps.length / 2, true);
    view.setUint32(12, json.length, true);
    let at = HEADER;
    for (const stamp of this.#stamps) {
      view.setFloat64(at, stamp, true);
      at += 8;
    }
    for (const value of this.#values) {
      view.setFloat64(at, value, true);
      at += 8;
    }
    for (const series of this.#series) {
      view.setUint32(at, series, true);
      at += 4;
    }
    for (const index of this.#stampIndex) {
      view.setUint16(at, index, true);
      at += 2;
    }
    bytes.set(json, at);
    return bytes;
  }
}

export function kindOf(record: Uint8Array): number {
  return viewOf(record).getUint32(0, true);
}

/** The points of a record, in order. */
export function* decodePoints(record: Uint8Array): Generator<RecordedPoint> {
  const view = viewOf(record);
  const points = view.getUint32(4, true);
  const stampsAt = HEADER;
  const valuesAt = stampsAt + view.getUint32(8, true) * BYTES_A_STAMP;
  const seriesAt = valuesAt + points * 8;
  const indexAt = seriesAt + points * 4;
  const jsonAt = indexAt + points * 2;
  const { streams, series, histograms } = parse<Introduced>(record.subarray(jsonAt, jsonAt + view.getUint32(12, true)));
  let nextHistogram = 0;
  for (let index = 0; index < points; index++) {
    const stampAt = stampsAt + view.getUint16(indexAt + index * 2, true) * BYTES_A_STAMP;
    const start = view.getFloat64(stampAt, true);
    const number = view.getUint32(seriesAt + index * 4, true);
    const value = view.getFloat64(valuesAt + index * 8, true);
    const histogram = histograms[nextHistogram];
    const isHistogram = histogram?.[0] === index;
    if (isHistogram) nextHistogram++;
    const [stream, attributes] = number >= NEW ? series[number - NEW]! : [];
    yield {
      series: number >= NEW ? -1 : number,
      introduced:
        attributes && stream !== undefined
          ? { stream: stream < 0 ? streams[-stream - 1]! : stream, attributes }
          : undefined,
      temporality: start < 0 ? 'delta' : 'cumulative',
      start: start < 0 ? -start - 1 : start,
      time: view.getFloat64(stampAt + 8, true),
      value: isHistogram
        ? { bounds: histogram[1], counts: histogram[2], count: value, sum: histogram[3] ?? undefined }
        : value === ENDED
          ? 'ended'
          : value,
    };
  }
}

/** @param kind - `ended`: not heard of for a while. `forgotten`: for so long that their totals go. */
export function encodeNumbers(kind: 'ended' | 'forgotten', series: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 + series.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SERIES_RECORD[kind], true);
  view.setUint32(4, series.length, true);
  for (const [index, number] of series.entries()) view.setUint32(8 + index * 4, number, true);
  return bytes;
}

export function decodeNumbers(record: Uint8Array): number[] {
  const view = viewOf(record);
  return Array.from({ length: view.getUint32(4, true) }, (_, index) => view.getUint32(8 + index * 4, true));
}

function viewOf(record: Uint8Array): DataView {
  return new DataView(record.buffer, record.byteOffset, record.byteLength);
}

function parse<Value>(bytes: Uint8Array): Value {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Value;
}
