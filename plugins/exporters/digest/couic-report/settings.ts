import { z } from 'zod';
import { LEVELS } from '../digest.ts';

/*
 * What couic-report reads, with its defaults and its refusals: read in its source (FCSC-FR/couic, couic-report/src/config.rs).
 * Keys that it does not know it ignores.
 */

const count = z.int('expected a whole number').min(0, 'expected a number from 0 on');
/** Those it listens on; it takes no others. */
const ADDRESSES = ['localhost', '127.0.0.1', '::1'] as const;

const schema = z.object({
  batch_interval_secs: count.min(1, 'expected at least 1').default(900),
  server: z.object(
    {
      name: z.string('expected text').default('localhost'),
      addr: z.enum(ADDRESSES, `couic-report takes ${ADDRESSES.join(', ')} only`).default('127.0.0.1'),
      port: count.max(65_535, 'the highest port is 65535').default(8000),
      secret: z.string('couic-report does not start without it').transform((text, context) => {
        const uuid = readUuid(text);
        if (uuid === undefined) context.addIssue({ code: 'custom', message: 'expected a UUID that is not nil' });
        return uuid ?? z.NEVER;
      }),
    },
    'couic-report does not start without it',
  ),
  thresholds: z
    .object({ orange: count.default(10), red: count.default(100), threshold_min: z.enum(LEVELS).default('green') })
    .refine(({ orange, red }) => red > orange, { error: 'must be greater than orange', path: ['red'] })
    .prefault({}),
  discord: z.object({ webhook_url: z.string('expected text') }, 'webhook_url is missing').optional(),
});

export type CouicReportSettings = z.output<typeof schema>;

/** The configuration of couic-report is none that it would start with. Names no secret. */
export class CouicReportError extends Error {}

/**
 * @param text - of its TOML.
 * @returns what it says, and the keys in it that nobody reads.
 * @throws CouicReportError
 */
export async function readSettings(text: string): Promise<{ settings: CouicReportSettings; unknown: string[] }> {
  const { parse, TomlError } = await import('smol-toml');
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Its own message shows the lines around, which may hold a secret.
    const [what] = error.message.split('\n');
    throw new CouicReportError(`line ${error.line}, column ${error.column}: ${what}`, { cause: error });
  }
  const result = schema.safeParse(document);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new CouicReportError(problems.join('\n'));
  }
  return { settings: result.data, unknown: unknownKeys(document) };
}

/** As the Rust library `uuid` reads it; written as couic-report compares it with the path. */
function readUuid(text: string): string | undefined {
  const bare = /^\{(.*)\}$/.exec(text)?.[1] ?? text.replace(/^urn:uuid:/, '');
  const hyphenated = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(bare);
  const digits = bare.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits) || (bare.includes('-') && !hyphenated) || /^0+$/.test(digits)) return undefined;
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}

function unknownKeys(document: Record<string, unknown>): string[] {
  const known = schema.shape as Record<string, unknown>;
  return Object.entries(document).flatMap(([key, value]) => {
    if (!(key in known)) return [key];
    const inner = KNOWN[key];
    if (inner === undefined || typeof value !== 'object' || value === null) return [];
    return Object.keys(value)
      .filter((name) => !inner.includes(name))
      .map((name) => `${key}.${name}`);
  });
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  server: ['name', 'addr', 'port', 'secret'],
  thresholds: ['orange', 'red', 'threshold_min'],
  discord: ['webhook_url'],
};
