import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { InstrumentationScopeSchema } from '../proto/common_pb.ts';
import { MetricSchema } from '../proto/metrics_pb.ts';
import { ResourceSchema } from '../proto/resource_pb.ts';
import { MalformedRequest, type Piece, POINTS_A_PIECE } from './piece.ts';

const DATA = MetricSchema.oneofs.find(({ localName }) => localName === 'data')!.fields.map(({ jsonName }) => jsonName);

/**
 * A request in JSON, piece by piece. `JSON.parse` takes it in one go; what costs more, the way from there to messages, is taken
 * in parts.
 * @throws MalformedRequest
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function* splitJson(request: Uint8Array): Generator<Piece> {
  try {
    const text = Buffer.from(request.buffer, request.byteOffset, request.byteLength).toString('utf8');
    for (const resourceMetrics of listOf(objectOf(JSON.parse(text)), 'resourceMetrics')) {
      const resource = message(ResourceSchema, resourceMetrics.resource);
      for (const scopeMetrics of listOf(resourceMetrics, 'scopeMetrics')) {
        const scope = message(InstrumentationScopeSchema, scopeMetrics.scope);
        for (const metric of listOf(scopeMetrics, 'metrics')) {
          for (const piece of split(metric))
            yield { resource, scope, metric: message(MetricSchema, piece as JsonValue)! };
        }
      }
    }
  } catch (error) {
    if (error instanceof MalformedRequest) throw error;
    throw new MalformedRequest('JSON', { cause: error });
  }
}

type Json = Readonly<Record<string, unknown>>;

/** A metric as several that have some of its points each. */
function* split(metric: Json): Generator<Json> {
  const data = DATA.find((name) => metric[name] !== undefined);
  const points = data === undefined ? [] : (metric[data] as { dataPoints?: unknown }).dataPoints;
  if (data === undefined || !Array.isArray(points) || points.length <= POINTS_A_PIECE) {
    yield metric;
    return;
  }
  for (let at = 0; at < points.length; at += POINTS_A_PIECE)
    yield { ...metric, [data]: { ...(metric[data] as Json), dataPoints: points.slice(at, at + POINTS_A_PIECE) } };
}

function listOf(parent: Json, name: string): Json[] {
  const list = parent[name] ?? [];
  if (!Array.isArray(list)) throw new TypeError(`${name} is no list`);
  return list.map(objectOf);
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is missing');
  return value as Json;
}

function message<Schema extends DescMessage>(schema: Schema, json: unknown): MessageShape<Schema> | undefined {
  // Receivers have to ignore what they do not know.
  return json === undefined || json === null
    ? undefined
    : fromJson(schema, json as JsonValue, { ignoreUnknownFields: true });
}
