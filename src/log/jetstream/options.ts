import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Health } from '../../telemetry/health.ts';

export interface JetStreamEngineOptions {
  /** Opens a connection; called once, in `open()`. */
  connect(): Promise<NatsConnection>;
  /** Name of the stream, and of the bucket for snapshots. */
  readonly stream: string;
  /** Copies of stream and bucket: 1, 3 or 5. */
  readonly replicas: number;
  /** Of the stream. What does not fit is refused. */
  readonly maxBytes: number;
  /** This bridge's own: who it is, and a copy of the newest snapshot. Created if it does not exist, 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Memory cannot follow the log any more: it was cut beyond where this bridge had come. */
  onLost?(why: string): void;
}
