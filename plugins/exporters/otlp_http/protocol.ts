import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import type { PushProtocol } from '../../../src/delivery/push-exporter.ts';
import { byResource } from '../../../src/service/metric-source.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { metricsUrl, type OtlpHttpConfig } from './config.ts';

/** @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);

const compress = promisify(gzip);

/** OTLP over HTTP in protobuf, by the official serializer. */
export function otlpHttpProtocol(config: OtlpHttpConfig, logger: Logger): PushProtocol {
  const compressed = config.compression === 'gzip';
  return {
    url: metricsUrl(config),
    headers: { 'content-type': 'application/x-protobuf', ...(compressed && { 'content-encoding': 'gzip' }) },
    retryable: (status) => RETRYABLE.has(status),
    async *encode(metrics) {
      const body = Buffer.concat(byResource(metrics).flatMap(serialized));
      if (body.length > 0) yield compressed ? await compress(body) : body;
    },
    // The message of no field is of no byte.
    nothing: async () => (compressed ? compress(new Uint8Array()) : new Uint8Array()),
    onAccepted: (body, receiver) => logPartialSuccess(body, receiver, logger),
  };
}

/** Requests in protobuf, one after the other, are one request: what they have are lists of resources. */
function serialized(metrics: ResourceMetrics): Uint8Array[] {
  if (metrics.scopeMetrics.every(({ metrics: some }) => some.length === 0)) return [];
  const body = ProtobufMetricsSerializer.serializeRequest(metrics);
  return body ? [body] : [];
}

/** The receiver may have taken a part only, and says so in its 200. */
function logPartialSuccess(body: Uint8Array, receiver: string, logger: Logger): void {
  if (body.length === 0) return;
  try {
    const { partialSuccess } = ProtobufMetricsSerializer.deserializeResponse(body);
    const { rejectedDataPoints: rejected = 0, errorMessage: said = '' } = partialSuccess ?? {};
    if (Number(rejected) > 0) logger.warn(`${receiver} refused ${counted(Number(rejected), 'data points')}: ${said}`);
    else if (said) logger.warn(`${receiver} took the metrics and says: ${said}`);
  } catch {
    logger.debug(`${receiver} answered 200 with a body that is not OTLP`);
  }
}
