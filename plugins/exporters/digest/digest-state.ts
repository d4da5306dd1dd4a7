import type { Entry, Erasure, Fold, Position } from '../../../src/log/log.ts';
import type { Digest } from './digest.ts';
import type { DropCounts } from './drop-counters.ts';
import { type DigestRecord, decodeRecord } from './records.ts';

/** A digest that somebody has not been told yet. */
interface WaitingDigest {
  readonly digest: Digest;
  /** Ids of notifiers. */
  readonly notifiers: readonly string[];
}

interface Saved {
  readonly end: { readonly position: Position; readonly to: number } | null;
  readonly closed: Position;
  readonly gap: Position;
  readonly drops: DropCounts;
  readonly waiting: readonly WaitingDigest[];
}

/** Where counting stands, and what waits to be told: a fold of the exporter's own topic. */
export class DigestState implements Fold {
  /** The newest end of an interval; null before the first. */
  end: Saved['end'] = null;
  /** All up to this end was told, or was not to be. */
  closed: Position = 0;
  /** Up to here entries were let go of. */
  gap: Position = 0;
  drops: DropCounts = {};
  /** Oldest first. */
  waiting: readonly WaitingDigest[] = [];

  apply({ position, record }: Entry): void {
    this.#take(position, decodeRecord(record));
  }

  #take(position: Position, record: DigestRecord): void {
    switch (record.type) {
      case 'end':
        this.end = { position, to: record.to };
        return;
      case 'closed': {
        const { through, drops, digest, notifiers = [] } = record;
        this.closed = through;
        this.drops = drops;
        if (digest && notifiers.length > 0) this.waiting = [...this.waiting, { digest, notifiers }];
        return;
      }
      case 'gap':
        this.gap = record.through;
        return;
      case 'done':
        this.waiting = this.waiting.flatMap(({ digest, notifiers }) => {
          if (digest.id !== record.id) return { digest, notifiers };
          const left = notifiers.filter((id) => id !== record.notifier);
          return left.length > 0 ? { digest, notifiers: left } : [];
        });
    }
  }

  /** What a notifier has to be told, oldest first. */
  waitingFor(notifier: string): readonly Digest[] {
    return this.waiting.filter(({ notifiers }) => notifiers.includes(notifier)).map(({ digest }) => digest);
  }

  /** Networks that are named go; the numbers stay, they are nobody's. */
  erase(what: Erasure): void {
    this.waiting = this.waiting.map(({ digest, notifiers }) => {
      const networks = digest.networks.filter(([network]) => !what.scrub(Buffer.from(JSON.stringify(network))));
      const tags = digest.tags.filter(([tag]) => !what.scrub(Buffer.from(JSON.stringify(tag))));
      return { digest: { ...digest, networks, tags }, notifiers };
    });
  }

  /** What is told of an interval is read by nobody again; the ends of intervals are, and name nothing. */
  blank({ record }: Entry, what: Erasure): boolean {
    return decodeRecord(record).type === 'closed' && what.scrub(record);
  }

  snapshot(): Iterable<Uint8Array> {
    const { end, closed, gap, drops, waiting } = this;
    const head = { end, closed, gap, drops, waiting: [] } satisfies Saved;
    const one = (digest: WaitingDigest) => ({ ...head, waiting: [digest] }) satisfies Saved;
    const pieces: Saved[] = waiting.length === 0 ? [head] : waiting.map(one);
    return pieces.map((piece) => Buffer.from(JSON.stringify(piece), 'utf8'));
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) {
      const { end, closed, gap, drops, waiting } = JSON.parse(Buffer.from(piece).toString('utf8')) as Saved;
      Object.assign(this, { end, closed, gap, drops });
      this.waiting = [...this.waiting, ...waiting];
    }
  }
}
