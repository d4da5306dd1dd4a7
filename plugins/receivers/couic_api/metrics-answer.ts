import type { RuleCounts, TrafficCount, TrafficReading } from '../../../src/ledger/traffic.ts';
import { isTag } from '../../../src/report/validate.ts';

/** Couic tracks 64 tags of each policy; a few more than that is no Couic. */
const MAX_NAMES = 1024;
const isAction = (name: string) => /^XDP_[A-Z]{1,32}$/.test(name);

/**
 * Reads the answer of `GET /v1/metrics`. Counters are 64 bits wide there and may be past what a number of JavaScript
 * holds, so long ones are read as text.
 * @throws Error that says what is not as Couic writes it.
 */
export function parseMetrics(text: string): TrafficReading {
  let answer: unknown;
  try {
    answer = JSON.parse(text.replace(/(:\s*)(\d{16,})(?=\s*[,}])/g, '$1"$2"'));
  } catch {
    throw new Error('the answer is not JSON');
  }
  const { xdp, drop_tags, ignore_tags, drop_cidr_count, ignore_cidr_count } = objectAt(answer, 'the answer');
  const rules = ruleCounts(drop_cidr_count, ignore_cidr_count);
  return {
    ...(rules && { rules }),
    xdp: counts(objectAt(xdp, 'xdp'), isAction, 'xdp'),
    drop: counts(objectAt(objectAt(drop_tags, 'drop_tags').tags, 'drop_tags.tags'), isTag, 'drop_tags.tags'),
    ignore: counts(objectAt(objectAt(ignore_tags, 'ignore_tags').tags, 'ignore_tags.tags'), isTag, 'ignore_tags.tags'),
  };
}

function ruleCounts(drop: unknown, ignore: unknown): RuleCounts | undefined {
  return isCount(drop) && isCount(ignore) ? { drop, ignore } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function counts(
  of: Record<string, unknown>,
  isName: (name: string) => boolean,
  where: string,
): Map<string, TrafficCount> {
  const entries = Object.entries(of);
  if (entries.length > MAX_NAMES) throw new Error(`${where} has ${entries.length} counters`);
  return new Map(
    entries
      .filter(([key]) => isName(key))
      .map(([key, value]) => {
        const { rx_packets, rx_bytes } = objectAt(value, `${where}.${key}`);
        return [key, { packets: countAt(rx_packets, where), bytes: countAt(rx_bytes, where) }];
      }),
  );
}

function countAt(value: unknown, where: string): bigint {
  if (typeof value === 'string' && /^\d{16,20}$/.test(value)) return BigInt(value);
  if (isCount(value)) return BigInt(value);
  throw new Error(`a counter of ${where} is not a whole number`);
}

function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where} is not an object`);
  return value as Record<string, unknown>;
}
