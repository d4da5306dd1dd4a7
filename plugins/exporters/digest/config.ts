import { z } from 'zod';
import { intervalSchemaWith } from '../../../src/config/http-client.ts';
import { retrySchemaWith } from '../../../src/config/retry.ts';
import { addressOptions, eventOptions, privacyProblem } from '../../../src/events/options.ts';
import { LEVELS } from './digest.ts';
import { notifierIds } from './notifier-ids.ts';
import { notifiersSchema } from './notifiers-config.ts';

const MOST_TOP = 20;

export const schema = z
  .strictObject({
    name: z.string().min(1).max(200).optional().meta({
      description: 'how messages call this bridge: `Server: production-server`',
      otherwise: 'the name of this host',
    }),
    interval: intervalSchemaWith('15m').describe(
      'from `1s` to `24h`; it goes on over restarts. One without an added rule is silent',
    ),
    thresholds: z
      .strictObject({
        orange: z.int().min(0).default(10).describe('rules added in an interval from which on a message is orange'),
        red: z.int().min(1).default(100).describe('likewise red'),
        threshold_min: z
          .enum(LEVELS)
          .default('green')
          .describe('nothing is sent of an interval below it: `green`, `orange`, `red`'),
      })
      .refine(({ orange, red }) => red > orange, { error: 'must be greater than orange', path: ['red'] })
      .prefault({}),
    top_tags: z
      .int()
      .min(1)
      .max(MOST_TOP)
      .default(5)
      .describe('tags that are named, those with most reports first. With `1`, Discord shows what couic-report showed'),
    top_networks: z
      .int()
      .min(0)
      .max(MOST_TOP)
      .default(0)
      .describe(
        'networks that are named, those with most reports first; of these and of nothing else `addresses` says more',
      ),
    ...addressOptions,
    notifiers: notifiersSchema,
    queue: eventOptions.queue,
    retry_on_failure: retrySchemaWith('24h').prefault({}),
  })
  .superRefine((config, context) => {
    const issue = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path });
    const problem = privacyProblem(config);
    if (problem !== undefined) issue(problem);
    if (config.top_networks > 0 && config.addresses === 'drop')
      issue('names networks, and addresses: drop names none: set one of them otherwise', ['top_networks']);
    if (config.queue.max_age < config.interval)
      issue('must be at least as long as interval, or what it counts is let go of', ['queue', 'max_age']);
    const ids = notifierIds(config.notifiers).map(({ id }) => id);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) issue(`two are called ${twice}: give each a name of its own`, ['notifiers']);
  });

export type DigestConfig = z.output<typeof schema>;
