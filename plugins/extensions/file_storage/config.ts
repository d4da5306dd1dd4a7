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
  directory: z
    .string()
    .min(1, 'name a directory')
    .default('./data')
    .describe(
      "where the state is kept, relative to the working directory. Created with mode 0700; rights of other users to an existing one are taken away, with a warning. It has to be empty, or the bridge's own, and on a local disk: locks do not hold over a network file system",
    ),
  max_age: durationSchema
    .refine((ms) => ms >= 60_000 && ms <= MOST_AGE, 'must be between 1m and 9600h')
    .optional()
    .describe(
      'no report stays in the log for longer, and nothing of a removed rule in a snapshot, see below. 1m to 9600h',
    ),
});
