import type { Entry, Erasure, Fold } from '../log/log.ts';
import type { CouicEvent } from './event.ts';
import type { Delivery } from './sink.ts';

/** The newest that are kept for the operator; all are counted. */
const KEPT = 100;
const MOST_REASON = 500;

/** An event that the other side will never take, in what names it: no metadata. */
export interface RefusedEvent {
  readonly id: string;
  readonly name: string;
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly network: string | null;
  readonly reason: string;
}

/** What was refused, over restarts: a fold of the exporter's own topic. */
export class RefusedEvents implements Fold {
  readonly newest: RefusedEvent[] = [];

  apply({ record }: Entry): void {
    this.#add(JSON.parse(Buffer.from(record).toString('utf8')));
  }

  erase(what: Erasure): void {
    const kept = this.newest.filter((refused) => !what.scrub(Buffer.from(JSON.stringify(refused))));
    this.newest.splice(0, this.newest.length, ...kept);
  }

  snapshot(): Iterable<Uint8Array> {
    return [encode(this.newest)];
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.#add(JSON.parse(Buffer.from(piece).toString('utf8')));
  }

  #add(refused: readonly RefusedEvent[]): void {
    this.newest.push(...refused);
    this.newest.splice(0, Math.max(0, this.newest.length - KEPT));
  }
}

export function encodeRefused(refused: NonNullable<Delivery['refused']>): Uint8Array {
  return encode(
    refused.slice(-KEPT).map(({ event, reason }) => ({ ...named(event), reason: reason.slice(0, MOST_REASON) })),
  );
}

function named(event: CouicEvent): Omit<RefusedEvent, 'reason'> {
  const { id, name, instance, time } = event;
  const network = event.name === 'couic.report.quarantined' ? null : (event.network?.text ?? null);
  return { id, name, instance, time, network };
}

function encode(refused: readonly RefusedEvent[]): Uint8Array {
  return Buffer.from(JSON.stringify(refused), 'utf8');
}
