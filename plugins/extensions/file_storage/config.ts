import { z } from 'zod';
import { durationSchema } from '../../../src/config/duration.ts';

/** 400 days. */
const MOST_AGE = 9600 * 3_600_000;

export interface FileStorageConfig {
  directory: string;
  /** Milliseconds. */
  max_age?: number | undefined;
}

export const schema = z.strictObject({
  /** Where the bridge keeps its state; relative to the working directory. Created with mode 0700 if it does not exist. */
  directory: z.string().min(1, 'name a directory').default('./data'),
  /** Nothing stays in the log for longer, but what exporters of events have still to send. */
  max_age: durationSchema.refine((ms) => ms >= 60_000 && ms <= MOST_AGE, 'must be between 1m and 9600h').optional(),
});
