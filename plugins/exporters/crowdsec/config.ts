import { isIP } from 'node:net';
import { z } from 'zod';
import { durationSchema } from '../../../src/config/duration.ts';
import { retrySchema } from '../../../src/config/retry.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { ITEM_GROUPS } from './couic-mapping.ts';
import { MAX_LENGTH } from './items.ts';
import { endpointProblem, KEY, KEY_RULE, PRODUCT, PRODUCT_RULE, socketPathOf } from './options.ts';
import { originProblems } from './origins.ts';

/** Node's timers end at 24.8 days; LAPI forgets after 7. */
const LONGEST_INTERVAL = 7 * 86_400_000;

const word = z.string().min(1).max(MAX_LENGTH, `CrowdSec takes ${MAX_LENGTH} characters`);

const token = word.regex(PRODUCT, PRODUCT_RULE);

const endpointSchema = z.string().superRefine((text, context) => {
  const problem = endpointProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

const originSchema = z.strictObject({
  /** A tag, or a pattern with one `*`. */
  tag: z.string().min(1),
  /** A `*` in it is what the `*` of `tag` stood for. */
  origin: z.string().min(1),
  remediation: z.string().min(1).optional(),
});

export const schema = z
  .strictObject({
    dry_run: z.boolean().default(false),
    endpoint: endpointSchema.default('http://127.0.0.1:8080'),
    api_key: z.string().regex(KEY, KEY_RULE).default(''),
    tls: tlsClientSchema.optional(),
    timeout: durationSchema.refine((ms) => ms > 0, 'must be more than 0s').prefault('10s'),
    retry_on_failure: retrySchema.prefault({}),
    interval: durationSchema
      .refine(
        (ms) => ms > 0 && ms <= LONGEST_INTERVAL,
        'must be more than 0s and at most 168h: LAPI forgets after 7 days',
      )
      .prefault('30m'),
    name: word.default('couic-otel-bridge'),
    type: token.default('couic-otel-bridge'),
    version: token.optional(),
    feature_flags: z.array(word).default([]),
    items: z
      .array(z.enum(ITEM_GROUPS))
      .min(1)
      .default([...ITEM_GROUPS]),
    unit: word.default('report'),
    origins: z.array(originSchema).default([]),
    max_origins: z.int().min(1).max(10_000).default(100),
    instances: z.array(z.string().min(1)).min(1).optional(),
    heartbeat: z.boolean().default(true),
    local_address: z
      .string()
      .refine((text) => isIP(text) !== 0, 'expected an address of this host, as in 192.0.2.10')
      .optional(),
    address_family: z.enum(['ipv4', 'ipv6']).optional(),
    outbox: z
      .strictObject({
        max_age: durationSchema.prefault('168h'),
        max_size_mib: z.number().min(1).max(1024).default(64),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const say = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const { index, option, message } of originProblems(config.origins)) say(['origins', index, option], message);
    const family = familyProblem(config);
    if (family) say(family.path, family.message);
    if (!config.retry_on_failure.enabled) {
      say(
        ['retry_on_failure', 'enabled'],
        'a window is tried until LAPI takes it: bound what waits with outbox.max_age',
      );
    }
    if (config.retry_on_failure.max_elapsed_time > 0) {
      say(
        ['retry_on_failure', 'max_elapsed_time'],
        'a window is tried until LAPI takes it: bound what waits with outbox.max_age',
      );
    }
    if (socketPathOf(config.endpoint) !== undefined) {
      for (const option of ['tls', 'local_address', 'address_family'] as const)
        if (config[option] !== undefined)
          say([option], 'is for a LAPI over the network, and endpoint is a Unix socket');
    }
    if (config.dry_run) return;
    if (config.api_key === '' && config.tls?.cert_file === undefined) {
      say(
        ['api_key'],
        'is needed without dry_run: "cscli bouncers add couic-otel-bridge" on the LAPI host prints one. Or set dry_run: true, or a client certificate in tls',
      );
    }
    if (config.interval < 1000) say(['interval'], 'must be at least 1s: a window has whole seconds');
  });

export type CrowdSecConfig = z.output<typeof schema>;

type Family = 'ipv4' | 'ipv6';

/** One connection has one family: what names one must agree. */
function familyProblem(config: {
  endpoint: string;
  local_address?: string | undefined;
  address_family?: Family | undefined;
}): { path: string[]; message: string } | undefined {
  const host = URL.canParse(config.endpoint) ? new URL(config.endpoint).hostname.replace(/^\[|\]$/g, '') : '';
  const wanted = config.address_family ?? familyOf(host);
  const local = familyOf(config.local_address ?? '');
  if (local && wanted && local !== wanted) {
    return { path: ['local_address'], message: `is ${local}, and the connection is ${wanted}` };
  }
  if (familyOf(host) && wanted !== familyOf(host)) {
    return { path: ['address_family'], message: `is ${wanted}, and endpoint is an ${familyOf(host)} address` };
  }
  return undefined;
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : `ipv${version as 4 | 6}`;
}
