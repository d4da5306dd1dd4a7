import { readdirSync } from 'node:fs';
import { isBeforeAnyLog } from './layout.ts';

/**
 * Whether something is in a state directory that a bridge has kept there, or would refuse to begin beside. Creates nothing.
 * What cannot be looked into is for whoever opens it to say.
 */
export function holdsState(directory: string): boolean {
  try {
    return !readdirSync(directory).every(isBeforeAnyLog);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
