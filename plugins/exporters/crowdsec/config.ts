import { isIP } from 'node:net';
import { z } from 'zod';
import { durationSchema } from '../../../src/config/duration.ts';
import { timeoutSchemaWith } from '../../../src/config/http-client.ts';
import { retrySchema } from '../../../src/config/retry.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { ITEM_GROUPS } from './couic-mapping.ts';
import { MAX_LENGTH } from './items.ts';
import { endpointProblem, KEY, KEY_RULE, PRODUCT, PRODUCT_RULE, socketPathOf } from './options.ts';
import { originProblems } from './origins.ts';
import { ruleProblems } from './rules/check.ts';
import { keysSchema, perSchema, rulesSchema } from './rules/config.ts';
import { type Only, perProblems } from './rules/per.ts';

/** Node's timers end at 24.8 days; LAPI forgets after 7. */
const LONGEST_INTERVAL = 7 * 86_400_000;

const word = z.string().min(1).max(MAX_LENGTH, `CrowdSec takes ${MAX_LENGTH} characters`);

const token = word.regex(PRODUCT, PRODUCT_RULE);

const endpointSchema = z.string().superRefine((text, context) => {
  const problem = endpointProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

const originSchema = z.strictObject({
  tag: z.string().min(1).describe('a tag, or a pattern with one `*`'),
  origin: z.string().min(1).describe('a `*` in it is what the `*` of `tag` stood for'),
  remediation: z.string().min(1).optional().meta({ description: 'what the bouncer did', otherwise: '`ban`' }),
});

export const schema = z
  .strictObject({
    dry_run: z.boolean().default(false).describe('log windows instead of sending them'),
    endpoint: endpointSchema
      .default('http://127.0.0.1:8080')
      .describe(
        'address of LAPI, `http://` or `https://`, with a path only if LAPI is behind one, without `/v1`; or `unix:///path` of its socket',
      ),
    api_key: z
      .string()
      .regex(KEY, KEY_RULE)
      .default('')
      .describe(
        "the bouncer's key; needed unless `dry_run` or a client certificate in `tls`. One key for each exporter: two with one key are refused",
      ),
    tls: tlsClientSchema.optional().describe('for `https`, read again for each connection; with a certificate, mTLS'),
    timeout: timeoutSchemaWith('10s').describe('for a whole request, connection included'),
    retry_on_failure: retrySchema.prefault({}).describe('never ends: bound what waits with `outbox`'),
    interval: durationSchema
      .refine(
        (ms) => ms > 0 && ms <= LONGEST_INTERVAL,
        'must be more than 0s and at most 168h: LAPI forgets after 7 days',
      )
      .prefault('30m')
      .describe('time between windows; kept over restarts. CrowdSec recommends 15m at least; under 1s is refused'),
    name: word.default('couic-otel-bridge').describe('how the sender calls itself'),
    type: token.default('couic-otel-bridge').describe('likewise; `type/version` is the User-Agent'),
    version: token.optional().meta({ description: 'likewise', otherwise: "the bridge's" }),
    feature_flags: z.array(word).default([]).describe('told to LAPI with each window'),
    items: z
      .array(z.enum(ITEM_GROUPS))
      .min(1)
      .default([...ITEM_GROUPS])
      .describe('what windows tell. `traffic` needs the `couic_api` receiver'),
    unit: word
      .default('report')
      .describe(
        'unit of `reports`. A report is a rule change: the Console would take `request` or `packet` for attacks',
      ),
    origins: z.array(originSchema).default([]).describe('which tag counts under which origin, see below'),
    metrics: rulesSchema,
    per: perSchema,
    keys: keysSchema,
    keys_file: z
      .string()
      .min(1)
      .optional()
      .describe('with `per`, in place of `keys`: a file of YAML that holds such a map. Read at start and at a reload'),
    max_origins: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe(
        'of each Couic, and of each `match` of `metrics`; first come, first kept: later ones share `couic-other`, see below',
      ),
    instances: z.array(z.string().min(1)).min(1).optional().meta({
      description:
        'only these Couic instances. Several `crowdsec/NAME` make one gateway look like one bouncer for each',
      otherwise: 'all',
    }),
    heartbeat: z
      .boolean()
      .default(true)
      .describe(
        'also ask `GET /v1/decisions?ip=192.0.2.1`, at least every 15m: without it `cscli bouncers prune` deletes the bouncer. One that failed comes again within a minute',
      ),
    local_address: z
      .string()
      .refine((text) => isIP(text) !== 0, 'expected an address of this host, as in 192.0.2.10')
      .optional()
      .describe('source address. LAPI takes it as a part of the bouncer: a second one becomes `NAME@ADDRESS`'),
    address_family: z.enum(['ipv4', 'ipv6']).optional().meta({
      description: '`ipv4` or `ipv6`, the one to connect by',
      otherwise: 'that of `endpoint` or `local_address`, else `ipv4`',
    }),
    outbox: z
      .strictObject({
        max_age: durationSchema
          .prefault('168h')
          .describe('a window that waited longer is dropped; LAPI would forget it at that age. 0 = no bound'),
        max_size_mib: z
          .number()
          .min(1)
          .max(1024)
          .default(64)
          .describe('the oldest windows are dropped when all that wait are larger'),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const say = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const { index, option, message } of originProblems(config.origins)) say(['origins', index, option], message);
    for (const { path, message } of ruleProblems(config.metrics ?? [])) say(['metrics', ...path], message);
    for (const { option, message } of perProblems(config)) say([option], message);
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
    if (config.api_key === '' && config.tls?.cert_file === undefined && config.per === undefined) {
      say(
        ['api_key'],
        'is needed without dry_run: "cscli bouncers add couic-otel-bridge" on the LAPI host prints one. Or set dry_run: true, or a client certificate in tls',
      );
    }
    if (config.api_key === '' && config.type === 'crowdsec')
      say(
        ['type'],
        'LAPI takes "crowdsec" with a client certificate for a log processor, and answers 401: choose another',
      );
    if (config.interval < 1000) say(['interval'], 'must be at least 1s: a window has whole seconds');
  });

export type CrowdSecConfig = z.output<typeof schema> & {
  /** Of one of several bouncers of a section. */
  readonly only?: Only;
};

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
