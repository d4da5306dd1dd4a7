import { z } from 'zod';
import { durationSchema } from './duration.ts';

/** `retry_on_failure` with the Collector's defaults. @param maxElapsedTime - as the user would write it; `0s` = for ever. */
export function retrySchemaWith(maxElapsedTime: string) {
  return z.strictObject({
    enabled: z.boolean().default(true).describe('whether what failed is tried again'),
    initial_interval: durationSchema.prefault('5s').describe('the wait after the first failure'),
    multiplier: z.number().min(1).default(1.5).describe('each wait is the last one times this'),
    max_interval: durationSchema.prefault('30s').describe('no wait is longer'),
    randomization_factor: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe(
        'each wait is spread at random over ± this part of it, so that many bridges do not come back at the same moment',
      ),
    max_elapsed_time: durationSchema
      .prefault(maxElapsedTime)
      .describe('after this long the data is given up; `0s` = never'),
  });
}

/** `retry_on_failure` that never gives up. Use it as `retrySchema.prefault({})`. */
export const retrySchema = retrySchemaWith('0s');

export type RetryConfig = z.output<typeof retrySchema>;
