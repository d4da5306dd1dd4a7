import type { Entry, Erasure, Fold } from '../../log/log.ts';
import { applyPoint } from './apply-point.ts';
import { decodeNumbers, decodePoints, kindOf, type RecordedPoint, SERIES_RECORD } from './records.ts';
import { type SeriesNumber, SeriesTable } from './series-table.ts';
import { restoreTable, snapshotTable } from './snapshot.ts';

/** The series of one receiver: the same records give the same totals, live and on a restart. */
export class SeriesFold implements Fold {
  readonly table = new SeriesTable();
  readonly #onSeries: (series: SeriesNumber) => void;

  /** @param onSeries - told of each series that a point was of. */
  constructor(onSeries: (series: SeriesNumber) => void = () => {}) {
    this.#onSeries = onSeries;
  }

  apply({ record, time }: Entry): void {
    switch (kindOf(record)) {
      case SERIES_RECORD.points:
        for (const point of decodePoints(record)) {
          const series = this.#seriesOf(point);
          if (series === undefined) continue;
          applyPoint(this.table, series, point, time);
          this.#onSeries(series);
        }
        return;
      case SERIES_RECORD.ended:
        for (const series of decodeNumbers(record))
          if (this.table.has(series) && this.table.endedAt(series) === 0) this.table.setEnded(series, time);
        return;
      case SERIES_RECORD.forgotten:
        for (const series of decodeNumbers(record)) this.table.forget(series);
        return;
      default:
        throw new Error(`the log of series holds a record of kind ${kindOf(record)}, which this version does not know`);
    }
  }

  /** Undefined when it was forgotten, or erased, meanwhile. */
  #seriesOf({ series, introduced }: RecordedPoint): SeriesNumber | undefined {
    if (!introduced) return this.table.has(series) ? series : undefined;
    const { stream, attributes } = introduced;
    return this.table.series(typeof stream === 'number' ? stream : this.table.stream(stream), attributes);
  }

  /** A series that has it in its attributes goes, with what it counted. */
  erase(what: Erasure): void {
    if (what.isWord) return;
    const { table } = this;
    for (let series = 0; series < table.rows; series++) {
      if (table.has(series) && what.scrub(Buffer.from(JSON.stringify(table.attributesOf(series)))))
        table.forget(series);
    }
  }

  snapshot(): Iterable<Uint8Array> {
    return snapshotTable(this.table.save());
  }

  restore(pieces: Iterable<Uint8Array>): void {
    restoreTable(this.table, pieces);
  }
}
