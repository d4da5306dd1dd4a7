import { z } from 'zod';
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';

export const schema = z
  .strictObject({
    path: z
      .string()
      .min(1, 'expected the path of a file, as in /var/log/couic-otel-bridge/events.json')
      .refine((path) => !path.endsWith('/'), 'expected the path of a file, not of a directory')
      .describe('the file. Its directory has to be there'),
    format: z
      .enum(['couic', 'ecs', 'otlp_json'])
      .default('couic')
      .describe(
        "one event a line: `couic`, the bridge's own words; `ecs`, a document of the Elastic Common Schema; `otlp_json`, a request of OTLP with one LogRecord, as the Collector's file exporter writes it",
      ),
    create_directory: z
      .boolean()
      .default(false)
      .describe('makes the directory, and those above it, when it is missing, with the mode 0750'),
    rotation: z
      .strictObject({
        max_megabytes: z
          .int()
          .min(1)
          .max(1_048_576)
          .default(100)
          .describe('no file becomes larger; a megabyte has 1,048,576 bytes'),
        max_days: z
          .int()
          .min(0)
          .max(36_500)
          .default(0)
          .describe(
            'older files are removed after so many days; 0 = never. A file is begun each day then, so that no line stays for longer than a day more',
          ),
        max_backups: z.int().min(0).max(10_000).default(100).describe('older files that stay; 0 = all'),
        localtime: z.boolean().default(false).describe("the host's time in their names, in place of UTC"),
      })
      .optional()
      .meta({
        description:
          "the names of the Collector's file exporter. An older file is `events-2026-11-26T11-20-00.000.json`",
        otherwise: 'none: the file grows until something else rotates it',
      }),
    ...eventOptions,
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

export type FileConfig = z.output<typeof schema>;
export type RotationConfig = NonNullable<FileConfig['rotation']>;
