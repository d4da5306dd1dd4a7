import type { Outbox } from './outbox.ts';

/** How much may wait for LAPI. */
export interface OutboxBounds {
  /** Milliseconds; 0 = no bound. */
  readonly maxAge: number;
  /** Bytes of all bodies. */
  readonly maxBytes: number;
}

const MOST_QUARANTINED = 100;

/** Windows that have to go, oldest first. The newest one stays whatever its size. */
export function surplusWaiting(
  outbox: Outbox,
  bounds: OutboxBounds,
  now: number,
): { number: number; reason: 'max_age' | 'max_size' }[] {
  const surplus: { number: number; reason: 'max_age' | 'max_size' }[] = [];
  let bytes = outbox.bytes;
  let left = outbox.size;
  for (const { number, sealedAt, body } of outbox.waiting) {
    const old = bounds.maxAge > 0 && now - sealedAt > bounds.maxAge;
    if (!old && (bytes <= bounds.maxBytes || left === 1)) break;
    surplus.push({ number, reason: old ? 'max_age' : 'max_size' });
    bytes -= body.length;
    left--;
  }
  return surplus;
}

export function surplusQuarantined(outbox: Outbox): number[] {
  const { quarantined } = outbox;
  return quarantined.slice(0, Math.max(0, quarantined.length - MOST_QUARANTINED)).map(({ number }) => number);
}
