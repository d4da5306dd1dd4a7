import { pino } from 'pino';
import { LedgerFold } from '../../../src/ledger/fold.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import type { Fold, Topic } from '../../../src/log/log.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { CLOCK } from './records.ts';

export interface LogWithLedger {
  readonly log: LogRunner;
  readonly fold: LedgerFold;
  readonly topic: Topic;
}

/** A real log with a ledger in it, loaded. @param watch - put between the two. */
export async function openLog(
  directory: string,
  minimumLogBytes: number,
  watch: (fold: Fold) => Fold = (fold) => fold,
): Promise<LogWithLedger> {
  const clock = { now: () => CLOCK, monotonic: () => performance.now() };
  const logger = pino({ level: 'error' });
  const engine = new EmbeddedEngine({ directory, clock, health: new Health(), logger });
  const log = new LogRunner({ engine, clock, logger, minimumLogBytes });
  const fold = new LedgerFold();
  log.attach('ledger', watch(fold), ['couic/']);
  await log.load();
  return { log, fold, topic: log.topic('ledger') };
}
