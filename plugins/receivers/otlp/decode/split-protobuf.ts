import { type DescField, fromBinary, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { InstrumentationScopeSchema } from '../proto/common_pb.ts';
import { GaugeSchema, MetricSchema, ResourceMetricsSchema, ScopeMetricsSchema } from '../proto/metrics_pb.ts';
import { ExportMetricsServiceRequestSchema } from '../proto/metrics_service_pb.ts';
import { ResourceSchema } from '../proto/resource_pb.ts';
import { MalformedRequest, type Piece, POINTS_A_PIECE } from './piece.ts';

const RESOURCE_METRICS = numberOf(ExportMetricsServiceRequestSchema.field.resourceMetrics);
const RESOURCE = numberOf(ResourceMetricsSchema.field.resource);
const SCOPE_METRICS = numberOf(ResourceMetricsSchema.field.scopeMetrics);
const SCOPE = numberOf(ScopeMetricsSchema.field.scope);
const METRICS = numberOf(ScopeMetricsSchema.field.metrics);
/** What a metric has its points in. */
const DATA = new Set(MetricSchema.oneofs.find(({ localName }) => localName === 'data')!.fields.map(numberOf));
/** The same in all of them. */
const DATA_POINTS = numberOf(GaugeSchema.field.dataPoints);

/**
 * A request in protobuf, piece by piece: decoded in one go, a large one would hold up all others. Messages around the points
 * are taken apart field by field, and each piece is decoded by the generated code.
 * @throws MalformedRequest
 */
export function* splitProtobuf(request: Uint8Array): Generator<Piece> {
  try {
    for (const resourceMetrics of parts(request, RESOURCE_METRICS).parts) yield* ofResource(resourceMetrics);
  } catch (error) {
    if (error instanceof MalformedRequest) throw error;
    throw new MalformedRequest('protobuf', { cause: error });
  }
}

function* ofResource(bytes: Uint8Array): Generator<Piece> {
  const resource = message(ResourceSchema, parts(bytes, RESOURCE).parts);
  for (const scopeMetrics of parts(bytes, SCOPE_METRICS).parts) {
    const scope = message(InstrumentationScopeSchema, parts(scopeMetrics, SCOPE).parts);
    for (const metric of parts(scopeMetrics, METRICS).parts) {
      for (const piece of split(metric)) yield { resource, scope, metric: fromBinary(MetricSchema, piece) };
    }
  }
}

/** A metric as several that have some of its points each. */
function* split(metric: Uint8Array): Generator<Uint8Array> {
  const { tag, bytes, rest } = dataOf(metric);
  const { parts: points, rest: around } = bytes ? parts(bytes, DATA_POINTS) : { parts: [], rest: [] };
  if (points.length <= POINTS_A_PIECE) {
    yield metric;
    return;
  }
  for (let at = 0; at < points.length; at += POINTS_A_PIECE) {
    const writer = new BinaryWriter();
    for (const field of rest) writer.raw(field);
    writer.tag(tag, WireType.LengthDelimited).fork();
    for (const field of around) writer.raw(field);
    for (const point of points.slice(at, at + POINTS_A_PIECE))
      writer.tag(DATA_POINTS, WireType.LengthDelimited).bytes(point);
    yield writer.join().finish();
  }
}

/** What has the points, and all other fields as they are. Of several, the last one counts: one of them may be set. */
function dataOf(metric: Uint8Array): { tag: number; bytes: Uint8Array | undefined; rest: Uint8Array[] } {
  const found: { tag: number; bytes: Uint8Array | undefined; rest: Uint8Array[] } = {
    tag: 0,
    bytes: undefined,
    rest: [],
  };
  for (const { number, value, whole } of fields(metric)) {
    if (DATA.has(number) && value) {
      found.tag = number;
      found.bytes = value;
    } else found.rest.push(whole);
  }
  return found;
}

/** The messages of one field, and all other fields as they are. */
function parts(bytes: Uint8Array, number: number): { parts: Uint8Array[]; rest: Uint8Array[] } {
  const found: { parts: Uint8Array[]; rest: Uint8Array[] } = { parts: [], rest: [] };
  for (const field of fields(bytes)) {
    if (field.number === number && field.value) found.parts.push(field.value);
    else found.rest.push(field.whole);
  }
  return found;
}

interface Field {
  readonly number: number;
  /** Of a message. */
  readonly value: Uint8Array | undefined;
  /** With its tag. */
  readonly whole: Uint8Array;
}

function* fields(bytes: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [number, type] = reader.tag();
    const value = type === WireType.LengthDelimited ? reader.bytes() : undefined;
    if (!value) reader.skip(type, number);
    if (reader.pos > reader.len) throw new RangeError('a field is longer than its message');
    yield { number, value, whole: bytes.subarray(from, reader.pos) };
  }
}

/** Of several of one field that may be there once, protobuf has the fields of all. */
function message<M extends Message>(schema: GenMessage<M>, all: readonly Uint8Array[]): M | undefined {
  return all.length === 0 ? undefined : fromBinary(schema, all.length === 1 ? all[0]! : Buffer.concat(all));
}

function numberOf({ number }: DescField): number {
  return number;
}
