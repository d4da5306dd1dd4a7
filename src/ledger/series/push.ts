import type { Topic } from '../../log/log.ts';
import { isNews } from './apply-point.ts';
import { attributesKey, LONGEST_ATTRIBUTES } from './attributes.ts';
import type { Heard } from './heard.ts';
import type { HistogramValue, Observation, StreamInfo } from './observation.ts';
import { PointsRecord } from './records.ts';
import type { Rivals } from './rivals.ts';
import type { SeriesTable } from './series-table.ts';
import { streamKey } from './streams.ts';
import type { UnderWay } from './under-way.ts';

/** Why a point is not taken: as metrics count it, and for the sender. */
export const POINT_REFUSALS = {
  value: 'its value is no number, or a counter is below zero',
  attributes: `its attributes have more than ${LONGEST_ATTRIBUTES} characters`,
  buckets: 'its buckets do not fit together: there has to be one more count than bounds, and bounds have to rise',
  limit: 'as many series are kept as max_series says',
} as const;

export type PointRefusal = keyof typeof POINT_REFUSALS;

/** `unchanged`: it was here before, or tells nothing new. */
type PointOutcome = 'taken' | 'unchanged' | PointRefusal;

/** A metric of a request. */
interface PushedStream {
  readonly info: StreamInfo;
  readonly key: string;
}

interface PushOptions {
  readonly table: SeriesTable;
  readonly topic: Topic;
  readonly heard: Heard;
  readonly rivals: Rivals;
  readonly underWay: UnderWay;
  readonly maxSeries: number;
  readonly onClose: () => void;
}

/** Bytes of one record: its points are applied in one go, and what is escaped in it has room in an entry of the log. */
const RECORD_BYTES = 32 * 1024;
/** Records that may be under way of one push: those that one commit has are applied in one turn. */
const MOST_WRITTEN = 2;

/**
 * The points of one request on their way into the log: those that tell something, in as few records as hold them. What is
 * decided here only spares records; what a point counts for is decided when its record is applied.
 */
export class Push {
  readonly #options: PushOptions;
  #record = new PointsRecord(RECORD_BYTES);
  #expect: number | undefined;
  #number: number;
  readonly #written = new Set<Promise<void>>();
  #failure: unknown;
  #isClosed = false;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#number = options.underWay.begin();
  }

  stream(info: StreamInfo): PushedStream {
    return { info, key: streamKey(info) };
  }

  add({ info, key }: PushedStream, point: Observation): PointOutcome {
    const refusal = refusalOf(info, point.value);
    if (refusal) return refusal;
    const own = attributesKey(point.attributes);
    if (own.length > LONGEST_ATTRIBUTES) return 'attributes';
    const { table, heard, rivals, underWay, maxSeries } = this.#options;
    const stream = table.findStream(key);
    const series = stream === undefined ? undefined : table.streams[stream]!.series.get(own);
    if (series === undefined) {
      // One that was never there cannot end.
      if (point.value === 'ended') return 'unchanged';
      const number = this.#introduce(
        stream ?? info,
        point,
        `${key}\0\0\0${own}`,
        maxSeries - table.size - underWay.introduced,
      );
      if (number === undefined) return 'limit';
      this.#add(number, point);
      return 'taken';
    }
    if (point.value !== 'ended') heard.of(series);
    const { start, time, temporality } = point;
    if (temporality === 'cumulative' && start !== 0 && start < table.startOf(series) && time > table.timeOf(series))
      rivals.see(table.streamOf(series).resource, time, table.timeOf(series));
    if (!underWay.has(series) && !isNews(table, series, point)) return 'unchanged';
    underWay.touch(series, this.#number);
    this.#add(series, point);
    return 'taken';
  }

  #introduce(stream: number | StreamInfo, { attributes }: Observation, key: string, room: number): number | undefined {
    const known = this.#record.introducedNumber(key);
    if (known !== undefined) return known;
    if (room <= 0) return undefined;
    this.#options.underWay.introduced += 1;
    return this.#record.introduce(stream, attributes, key);
  }

  #add(series: number, { temporality, start, time, value }: Observation): void {
    if (this.#record.points === 0) this.#expect = this.#options.topic.last;
    this.#record.add(series, temporality, { start, time }, value);
    if (this.#record.isFull) this.#write();
  }

  #write(): void {
    const record = this.#record;
    if (record.points === 0) return;
    const number = this.#number;
    const { topic, underWay } = this.#options;
    this.#record = new PointsRecord(RECORD_BYTES);
    this.#number = underWay.begin();
    const end = () => {
      underWay.end(number);
      underWay.introduced -= record.introduced;
      this.#written.delete(done);
    };
    const how = { expect: this.#expect, canWait: true } as const;
    const done: Promise<void> = topic.append(record.encode(), how).then(end, (error: unknown) => {
      this.#failure ??= error;
      end();
    });
    this.#written.add(done);
  }

  /** Waits, when much is under way already: to be called now and then. @throws as `finish`. */
  async room(): Promise<void> {
    while (this.#written.size >= MOST_WRITTEN) await Promise.race(this.#written);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Resolves when all that was added is on disk and counted.
   * @throws StorageError, Conflict: some of it is not; what is, is no harm when it is sent again.
   */
  async finish(): Promise<void> {
    this.#write();
    while (this.#written.size > 0) await Promise.race(this.#written);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Once all of it has settled. Safe twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { underWay, onClose } = this.#options;
    underWay.end(this.#number);
    underWay.introduced -= this.#record.introduced;
    void Promise.all(this.#written).then(onClose);
  }
}

function refusalOf({ kind }: StreamInfo, value: Observation['value']): PointRefusal | undefined {
  if (value === 'ended') return undefined;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (kind === 'counter' && value < 0)) return 'value';
    return undefined;
  }
  return histogramRefusal(value);
}

function histogramRefusal({ bounds, counts, count, sum }: HistogramValue): PointRefusal | undefined {
  if (!Number.isFinite(count) || count < 0 || (sum !== undefined && !Number.isFinite(sum))) return 'value';
  if (counts.length !== bounds.length + 1) return 'buckets';
  return bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!) ? undefined : 'buckets';
}
