import type { Entry, Extent, Position, Retention } from './log.ts';

export const READER_PREFIX = 'reader/';

const MIB = 1024 * 1024;
const DEFAULT_RETENTION: Retention = { maxAge: 168 * 3_600_000, maxBytes: 1024 * MIB };

/** Cursors of the readers: a fold over what they said they have passed. */
export class Readers {
  readonly #configured = new Map<string, Retention>();
  readonly #released = new Set<string>();
  readonly #positions = new Map<string, Position>();

  configure(name: string, retention = DEFAULT_RETENTION): void {
    if (this.#configured.has(name) && !this.#released.delete(name))
      throw new Error(`reader ${name} was asked for twice`);
    this.#configured.set(name, retention);
  }

  /** Until `settle` what it needs is kept. */
  release(name: string): void {
    if (this.#configured.has(name)) this.#released.add(name);
  }

  /** Those that were released, and not asked for again, are not asked for any more. */
  settle(): void {
    for (const name of this.#released) this.#configured.delete(name);
    this.#released.clear();
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
    return [...this.#configured.keys()].filter((name) => !this.#positions.has(name));
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

  /**
   * Up to where the log can go, if that is not further than `limit`: what no reader needs, and what their bounds take from
   * those that lag.
   */
  cut(extents: readonly Extent[], limit: Position, now: number): Position {
    let cut = limit;
    for (const [name, retention] of this.#configured) {
      const passed = this.#positions.get(name) ?? limit;
      if (passed < cut) cut = Math.min(cut, Math.max(passed, beyondBounds(extents, limit, now, retention)));
    }
    return cut;
  }

  /** Who has not passed a position yet, and from where on. */
  *behind(position: Position): Generator<{ name: string; passed: Position; retention: Retention }> {
    for (const [name, retention] of this.#configured) {
      const passed = this.#positions.get(name) ?? position;
      if (passed < position) yield { name, passed, retention };
    }
  }
}

export function encodeCursor(position: Position | null): Uint8Array {
  return Buffer.from(JSON.stringify(position));
}

/** Up to where bounds take what a reader has not passed. @param limit - no further than this. */
function beyondBounds(
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
