import type { Extent } from './engine.ts';
import type { Entry, Position } from './log.ts';

export const READER_PREFIX = 'reader/';

/** What is kept for readers that lag: at most so old, and so much. */
export interface Retention {
  /** Milliseconds. */
  readonly maxAge: number;
  readonly maxBytes: number;
}

/** Cursors of the readers: a fold over what they said they have passed. */
export class Readers {
  readonly #configured = new Set<string>();
  readonly #positions = new Map<string, Position>();

  configure(name: string): void {
    if (this.#configured.has(name)) throw new Error(`reader ${name} was asked for twice`);
    this.#configured.add(name);
  }

  positionOf(name: string): Position | undefined {
    return this.#positions.get(name);
  }

  apply({ topic, record }: Entry): void {
    const name = topic.slice(READER_PREFIX.length);
    const position = JSON.parse(Buffer.from(record).toString('utf8')) as Position | null;
    if (position === null) this.#positions.delete(name);
    else this.#positions.set(name, Math.max(position, this.#positions.get(name) ?? 0));
  }

  /** Those that are configured and have no cursor yet. */
  get fresh(): string[] {
    return [...this.#configured].filter((name) => !this.#positions.has(name));
  }

  /** Those that have a cursor and are not asked for any more. */
  get gone(): string[] {
    return [...this.#positions.keys()].filter((name) => !this.#configured.has(name));
  }

  save(): [string, Position][] {
    return [...this.#positions];
  }

  restore(positions: readonly (readonly [string, Position])[]): void {
    for (const [name, position] of positions) this.#positions.set(name, position);
  }

  /** Up to where the log can go without a reader missing anything, if that is not further than `limit`. */
  passed(limit: Position): Position {
    let passed = limit;
    for (const name of this.#configured) passed = Math.min(passed, this.#positions.get(name) ?? limit);
    return passed;
  }

  /** Who has not passed a position yet. */
  behind(position: Position): string[] {
    return [...this.#configured].filter((name) => (this.#positions.get(name) ?? position) < position);
  }
}

export function encodeCursor(position: Position | null): Uint8Array {
  return Buffer.from(JSON.stringify(position));
}

/** Up to where the bounds take what readers have not passed. @param limit - no further than this. */
export function beyondBounds(
  extents: readonly Extent[],
  limit: Position,
  now: number,
  { maxAge, maxBytes }: Retention,
): Position {
  let bytes = extents.reduce((sum, extent) => sum + extent.bytes, 0);
  let taken = 0;
  for (const extent of extents) {
    if (extent.last > limit) break;
    const isOld = extent.time > 0 && now - extent.time > maxAge;
    if (!isOld && bytes <= maxBytes) break;
    bytes -= extent.bytes;
    taken = extent.last;
  }
  return taken;
}
