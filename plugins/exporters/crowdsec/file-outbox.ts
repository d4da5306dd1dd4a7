import { systemClock } from '../../../src/clock.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { PidLock } from '../../../src/log/embedded/pid-lock.ts';
import type { Fold, Topic } from '../../../src/log/log.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { StorageError } from '../../../src/log/storage-error.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { OUTBOX_TOPIC, type OutboxStorage } from './outbox-storage.ts';

/** Whoever embeds the exporter hears of failures from its appends. */
const silent = { info() {}, warn() {}, error() {} };

/** A snapshot takes the log's place once it is this long, and longer than the last one. */
const COMPACT_FROM = 1024 * 1024;

/**
 * Keeps windows in a directory, with the bridge's own log: each step is on disk before it counts, so what LAPI has not
 * taken is sent by the next process. One process at a time; on a local disk.
 * @param directory - created if it does not exist.
 */
export function fileOutbox(directory: string): OutboxStorage {
  const common = { clock: systemClock, logger: silent };
  // No native part: a program that only has this exporter takes a file with its number for a lock.
  const engine = new EmbeddedEngine({ ...common, directory, health: new Health(), lock: new PidLock() });
  const log = new LogRunner({ ...common, engine, minimumLogBytes: COMPACT_FROM });
  let isAttached = false;
  return {
    attach(fold: Fold): Topic {
      if (isAttached) throw new Error(`the outbox ${directory} belongs to one exporter: give each its own directory`);
      isAttached = true;
      log.attach(OUTBOX_TOPIC, fold);
      return log.topic(OUTBOX_TOPIC);
    },
    open: () => log.load().catch((error) => Promise.reject(refusal(directory, error))),
    close: () => log.close(),
  };
}

/** What the log says is worded for who runs the bridge. */
function refusal(directory: string, error: unknown): unknown {
  if (!(error instanceof StorageError)) return error;
  const { about } = error;
  const because = (what: string) => new Error(what, { cause: error });
  switch (error.code) {
    case 'ERR_STORAGE_LOCKED':
      return because(`${directory}: ${about?.what} has this outbox; give each its own directory`);
    case 'ERR_STORAGE_DAMAGED':
      return because(
        `${about?.path} is damaged: ${about?.what}. Restore ${directory}, or move it away and lose the windows that waited`,
      );
    case 'ERR_STORAGE_FOREIGN':
    case 'ERR_STORAGE_OLDER':
      return because(`${directory} is not an outbox of this version: move it away, or name another directory`);
    default:
      return because(`the outbox ${directory} cannot be used: ${error.message}`);
  }
}
