import { z } from 'zod';
import { MAX_LENGTH } from '../items.ts';

/** Rules of one exporter. */
const MOST_RULES = 200;

const word = z.string().min(1).max(MAX_LENGTH, `CrowdSec takes ${MAX_LENGTH} characters`);
/** May hold captures, which are longer than what they stand for. */
const template = z.string().min(1).max(2000);
const value = z.union([z.string(), z.number(), z.boolean()]);

const ruleSchema = z.strictObject({
  match: z.string().min(1).describe('name of a metric, or a pattern with one `*`'),
  where: z
    .record(z.string().min(1), z.union([value, z.array(value).min(1)]))
    .default({})
    .describe(
      'what a series has to have: attributes with a value, a pattern with one `*`, or a list of such; `""` for one that is missing. `resource:NAME` is an attribute of the resource, `scope:NAME` one of the scope',
    ),
  item: word.describe(
    'what it counts as: `dropped`, `processed`; of a gauge `active_decisions` or a name that ends in `_gauge`; or `none`, as nothing at all',
  ),
  unit: word
    .optional()
    .meta({ description: '`request`, `packet`, `byte`, `ip`', otherwise: '`request`; of `active_decisions` `ip`' }),
  origin: template
    .optional()
    .describe('whose decision it was; of `dropped` and `active_decisions` required. Captures are filled in, see below'),
  remediation: template.optional().meta({ description: 'of `dropped`: what was done in the end', otherwise: '`ban`' }),
  ip_type: template.optional().describe('of `active_decisions`: `ipv4` or `ipv6`'),
});

export const rulesSchema = z.array(ruleSchema).min(1).max(MOST_RULES).optional().meta({
  description:
    'what metrics of others count as: rules, the first that fits for each item. Metrics of Couic that no rule fits count as `items` says',
  otherwise: 'none',
});

/** Bouncers of one section: each has a queue, a sender and a heartbeat. */
export const MOST_KEYS = 100;

export const keysSchema = z
  .record(z.string().min(1), z.string())
  .refine((keys) => Object.keys(keys).length <= MOST_KEYS, `takes at most ${MOST_KEYS} keys`)
  .optional()
  .meta({
    description: 'with `per`: the key of the bouncer of each value, as in `{gate-1: KEY}`',
    otherwise: 'none',
  });

export const perSchema = z.string().min(1).optional().meta({
  description:
    'one bouncer for each value of this attribute of the resource, as `service.instance.id`; their keys are in `keys` or `keys_file`. What has another value is not told',
  otherwise: 'one bouncer',
});

export type RuleConfig = z.output<typeof ruleSchema>;

/** Options in which captures stand for what a series has. */
export const CAPTURES = ['origin', 'remediation', 'ip_type'].map((option) => ['metrics', '*', option]);
