import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { FamilyType } from '../../../src/telemetry/prometheus/families.ts';
import type { Label } from '../../../src/telemetry/prometheus/labels.ts';

/**
 * The messages of remote write 1.0, written field by field: there are five, and they do not change.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/#protocol
 */

/** `NaN` with the one bit pattern that means "this series has ended". */
const STALE = 0x7ff0000000000002n;

/** `repeated Label labels = 1` of a TimeSeries: made once for each series. */
export function encodeLabels(labels: readonly Label[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [name, value] of labels) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).string(value);
    writer.join();
  }
  return writer.finish();
}

/** Builds one WriteRequest. */
export class WriteRequest {
  readonly #writer = new BinaryWriter();
  /** Bytes so far, but for a few of framing. */
  size = 0;

  /**
   * `repeated TimeSeries timeseries = 1`, with one sample.
   * @param value - or 'stale' for a series that has ended. @param timestamp - milliseconds since the epoch.
   */
  add(labels: Uint8Array, value: number | 'stale', timestamp: number): void {
    const writer = this.#writer.tag(1, WireType.LengthDelimited).fork().raw(labels);
    writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.Bit64);
    if (value === 'stale') writer.fixed64(STALE);
    else writer.double(value);
    writer.tag(2, WireType.Varint).int64(timestamp).join().join();
    this.size += labels.length + 24;
  }

  /** `repeated MetricMetadata metadata = 3`. */
  describe(name: string, type: FamilyType, help: string): void {
    const writer = this.#writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int32(METADATA_TYPES[type]);
    writer.tag(2, WireType.LengthDelimited).string(name);
    writer.tag(4, WireType.LengthDelimited).string(help);
    writer.join();
    this.size += name.length + help.length + 8;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}

const METADATA_TYPES: Readonly<Record<FamilyType, number>> = { counter: 1, gauge: 2, histogram: 3 };
