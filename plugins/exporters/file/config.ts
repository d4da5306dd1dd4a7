import { z } from 'zod';
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';

export const schema = z
  .strictObject({
    /** Where lines go: a file whose directory is there. */
    path: z
      .string()
      .min(1, 'expected the path of a file, as in /var/log/couic-otel-bridge/events.json')
      .refine((path) => !path.endsWith('/'), 'expected the path of a file, not of a directory'),
    format: z.enum(['couic', 'ecs', 'otlp_json']).default('couic'),
    /** Makes the directory of `path`, and those above it, when it is missing. */
    create_directory: z.boolean().default(false),
    /** Left out: the file grows until something else rotates it. */
    rotation: z
      .strictObject({
        /** Of 1,048,576 bytes. */
        max_megabytes: z.int().min(1).max(1_048_576).default(100),
        /** Of the older files, by the time in their name; left out or 0: for ever. With it a file is begun each day. */
        max_days: z.int().min(0).max(36_500).default(0),
        /** Older files that stay; 0: all. */
        max_backups: z.int().min(0).max(10_000).default(100),
        /** The time in their name: the host's, in place of UTC. */
        localtime: z.boolean().default(false),
      })
      .optional(),
    ...eventOptions,
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

export type FileConfig = z.output<typeof schema>;
export type RotationConfig = NonNullable<FileConfig['rotation']>;
