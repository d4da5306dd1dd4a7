import { z } from 'zod';
import { durationSchema } from './duration.ts';

/** `retry_on_failure` with the Collector's defaults. @param maxElapsedTime - as the user would write it; `0s` = for ever. */
export function retrySchemaWith(maxElapsedTime: string) {
  return z.strictObject({
    enabled: z.boolean().default(true),
    /** Wait after the first failure, in ms. */
    initial_interval: durationSchema.prefault('5s'),
    /** Each wait is spread at random over ± this part of it, so that many bridges do not return at the same time. */
    randomization_factor: z.number().min(0).max(1).default(0.5),
    /** Each wait is the last one times this. */
    multiplier: z.number().min(1).default(1.5),
    /** No wait is longer, in ms. */
    max_interval: durationSchema.prefault('30s'),
    /** After this many ms the data is given up; 0 = never. */
    max_elapsed_time: durationSchema.prefault(maxElapsedTime),
  });
}

/** `retry_on_failure` that never gives up. Use it as `retrySchema.prefault({})`. */
export const retrySchema = retrySchemaWith('0s');

export type RetryConfig = z.output<typeof retrySchema>;
