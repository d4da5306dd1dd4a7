import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Health } from '../../telemetry/health.ts';
import type { Disk } from './disk.ts';
import type { Faults } from './faults.ts';
import type { DirectoryLock } from './lock.ts';

export interface EmbeddedEngineOptions {
  /** Created if it does not exist, 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds between attempts to write again after a failed commit. @default 1000 */
  readonly retryInterval?: number;
  /** @default the kernel's, or where that is not to be had, a file with the process's number */
  readonly lock?: DirectoryLock;
  readonly faults?: Faults;
  /** Whether nothing may be left of a snapshot in the room that is kept for the next one. Costs as much writing again. @default false */
  readonly wipe?: boolean;
  readonly disk?: Disk;
}
