import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { uncompressSync } from 'snappy';

export interface ReadSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  /** Whether it is the NaN that means "ended", and no other. */
  readonly stale: boolean;
  readonly timestamp: number;
}

export interface ReadMetadata {
  readonly type: number;
  readonly name: string;
  readonly help: string;
}

/** Reads a body of remote write 1.0 back, apart from what wrote it. */
export function readWriteRequest(body: Uint8Array): { series: ReadSeries[]; metadata: ReadMetadata[] } {
  const series: ReadSeries[] = [];
  const metadata: ReadMetadata[] = [];
  for (const [field, reader] of messages(uncompressSync(Buffer.from(body)) as Buffer)) {
    if (field === 1) series.push(readSeries(reader.bytes()));
    else if (field === 3) metadata.push(readMetadata(reader.bytes()));
    else throw new Error(`unknown field ${field}`);
  }
  return { series, metadata };
}

function readSeries(bytes: Uint8Array): ReadSeries {
  const labels: [string, string][] = [];
  let sample: Omit<ReadSeries, 'labels'> | undefined;
  for (const [field, reader] of messages(bytes)) {
    if (field === 1) labels.push(readLabel(reader.bytes()));
    else sample = readSample(reader.bytes());
  }
  return { labels, ...sample! };
}

function readLabel(bytes: Uint8Array): [string, string] {
  const label: [string, string] = ['', ''];
  for (const [field, reader] of messages(bytes)) label[field - 1] = reader.string();
  return label;
}

function readSample(bytes: Uint8Array): Omit<ReadSeries, 'labels'> {
  const sample = { value: 0, stale: false, timestamp: 0 };
  for (const [field, reader] of messages(bytes)) {
    if (field === 2) {
      sample.timestamp = Number(reader.int64());
      continue;
    }
    const bits = BigInt(reader.fixed64());
    sample.stale = bits === 0x7ff0000000000002n;
    sample.value = new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
  }
  return sample;
}

function readMetadata(bytes: Uint8Array): ReadMetadata {
  const read = { type: 0, name: '', help: '' };
  for (const [field, reader] of messages(bytes)) {
    if (field === 1) read.type = reader.int32();
    else if (field === 2) read.name = reader.string();
    else read.help = reader.string();
  }
  return read;
}

function* messages(bytes: Uint8Array): Generator<[field: number, reader: BinaryReader]> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.StartGroup) throw new Error('groups are not expected');
    yield [field, reader];
  }
}
