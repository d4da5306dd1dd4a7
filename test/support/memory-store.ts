import type { Entry } from '../../src/log/log.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { MemoryEngine, MemoryLog } from './memory-engine.ts';

/** A log in memory that commits like the real one: later, in order, all or nothing; and that can be told to fail. */
export class MemoryStore extends LogRunner {
  /** Everything committed, in order: one that is given it goes on from there, as after a restart. */
  readonly log: Entry[];
  /** Appends that were asked for, done or not. */
  requested = 0;
  /** Thrown by the next appends while set. */
  failure: Error | null = null;
  /** Runs between the commit and its application to the folds. */
  afterCommit: () => Promise<void> = () => Promise.resolve();

  constructor(log: Entry[] = []) {
    const memory = new MemoryLog(log);
    const engine = new MemoryEngine(memory, {
      onStep: (step) => {
        if (step === 'requested') this.requested++;
      },
      commit: async () => {
        if (this.failure !== null) throw this.failure;
      },
      afterCommit: () => this.afterCommit(),
    });
    super({ engine, clock: { now: () => 0, monotonic: () => 0 }, logger: { warn: () => {} } });
    this.log = log;
  }

  /** As a kill leaves it: what comes next replays everything. */
  override close(): Promise<void> {
    return super.close(AbortSignal.abort());
  }
}
