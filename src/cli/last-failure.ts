import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOfOthers, LAST_FAILURE } from '../log/embedded/layout.ts';

/** Longer messages are cut: it is for a person. */
const MOST_TEXT = 4000;

/** Why a bridge could not start, or ended by a failure. */
export interface Failure {
  /** ISO time. */
  readonly at: string;
  /** Without secrets. */
  readonly message: string;
}

/**
 * Leaves it in the state directory for `doctor`, which can read it while the service is down and its secrets are the
 * service's. Nothing is left where there is no such directory, where it cannot be written, or in one of somebody else, that a
 * configuration names by mistake: the log has it all the same.
 */
export function writeFailure(directory: string | undefined, failure: Failure): void {
  if (directory === undefined) return;
  const text = JSON.stringify({ ...failure, message: failure.message.slice(0, MOST_TEXT) });
  try {
    if (isOfOthers(readdirSync(directory))) return;
    writeFileSync(join(directory, LAST_FAILURE), `${text}\n`, { mode: 0o600 });
  } catch {
    // Most likely this is what failed.
  }
}

export function readFailure(directory: string): Failure | undefined {
  try {
    const { at, message } = JSON.parse(readFileSync(join(directory, LAST_FAILURE), 'utf8')) as Partial<Failure>;
    return typeof at === 'string' && typeof message === 'string' ? { at, message } : undefined;
  } catch {
    return undefined;
  }
}

/** It runs again. */
export function clearFailure(directory: string | undefined): void {
  try {
    if (directory !== undefined) rmSync(join(directory, LAST_FAILURE), { force: true });
  } catch {
    // It is overwritten by the next one.
  }
}

/** The first directory that systemd gave: where the state most likely is when the configuration cannot say. */
export function stateDirectoryOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env.STATE_DIRECTORY?.split(':')[0] || undefined;
}
