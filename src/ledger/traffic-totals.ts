import { OTHER } from '../telemetry/names.ts';
import { startAt, startSeenFrom } from './series-start.ts';
import {
  type NamedCount,
  TRAFFIC_GROUPS,
  type TrafficChange,
  type TrafficCount,
  type TrafficGroup,
  type TrafficReading,
} from './traffic.ts';

type Counts = Map<string, TrafficCount>;

/** What was counted, and since when (ms since the epoch). */
interface TrafficTotal extends TrafficCount {
  readonly start: number;
}

const ZERO: TrafficCount = { packets: 0n, bytes: 0n };

/**
 * Traffic of one Couic over its restarts and ours. Exact where its counters went on; where one began again between two
 * readings, what it had counted after the first of them is unknown, and the total is a lower bound.
 */
export class TrafficTotals {
  /** By group and name; tags by the name that they have in metrics. */
  readonly totals: Record<TrafficGroup, Map<string, TrafficTotal>> = {
    xdp: new Map(),
    drop: new Map(),
    ignore: new Map(),
  };
  /** What tags that were forgotten had counted. */
  readonly forgotten = { drop: ZERO, ignore: ZERO };
  /** What the last reading showed. */
  readonly #last: Record<TrafficGroup, Counts> = { xdp: new Map(), drop: new Map(), ignore: new Map() };
  /** What tags were ahead of XDP_DROP at the last reading, by the name that they have in metrics. */
  #ahead: Counts = new Map();
  #begun = false;

  /** @returns what a reading changes, or null when it changes nothing. @param fromStart - count what was before the first. */
  changeTo(reading: TrafficReading, fromStart: boolean): TrafficChange | null {
    const first = this.#begun ? null : fromStart ? 'counted' : 'baseline';
    const restarted = this.#begun && hasFallen(this.#last.xdp, reading.xdp);
    const changed = { xdp: [], drop: [], ignore: [] } as Record<TrafficGroup, NamedCount[]>;
    const gone = { xdp: [], drop: [], ignore: [] } as Record<TrafficGroup, string[]>;
    let any = first !== null || restarted;
    for (const group of TRAFFIC_GROUPS) {
      const last = this.#last[group];
      for (const [name, { packets, bytes }] of reading[group]) {
        const before = last.get(name);
        if (!restarted && before?.packets === packets && before.bytes === bytes) continue;
        changed[group].push([name, packets, bytes]);
        any = true;
      }
      for (const name of last.keys()) {
        if (reading[group].has(name)) continue;
        gone[group].push(name);
        any = true;
      }
    }
    return any ? { first, restarted, changed, gone } : null;
  }

  /** @param clock - of the record, ms since the epoch. @param nameOf - what a tag is called in metrics. */
  apply({ first, restarted, changed, gone }: TrafficChange, clock: number, nameOf: (tag: string) => string): void {
    const start = startAt(clock);
    this.#begun = true;
    if (restarted) this.#ahead = new Map();
    const counted: Record<TrafficGroup, NamedCount[]> = { xdp: [], drop: [], ignore: [] };
    for (const group of TRAFFIC_GROUPS) {
      const last = this.#last[group];
      if (restarted) last.clear();
      for (const name of gone[group]) last.delete(name);
      for (const [name, packets, bytes] of changed[group]) {
        const before = last.get(name) ?? ZERO;
        const goesOn = packets >= before.packets && bytes >= before.bytes;
        last.set(name, { packets, bytes });
        const total = group === 'xdp' ? name : nameOf(name);
        if (first === 'baseline') counted[group].push([total, 0n, 0n]);
        else if (goesOn) counted[group].push([total, packets - before.packets, bytes - before.bytes]);
        else counted[group].push([total, packets, bytes]);
      }
    }
    for (const count of counted.xdp) this.#add('xdp', count, start);
    for (const count of counted.ignore) this.#add('ignore', count, start);
    this.#addDropped(counted.drop, counted.xdp.find(([name]) => name === 'XDP_DROP') ?? ['XDP_DROP', 0n, 0n], start);
  }

  /**
   * Tags never count more than was dropped since the last reading. Couic reads them a moment after XDP_DROP, so they may
   * be ahead by what came in between: that waits for the next reading, of which it is a part. What has no place in that
   * one either was never dropped since, whatever the tags say, and is left out.
   */
  #addDropped(counted: readonly NamedCount[], [, packetsLeft, bytesLeft]: NamedCount, start: number): void {
    /** Counts what there is room for. @returns the rest. */
    const take = ([name, packets, bytes]: NamedCount): TrafficCount => {
      const now = { packets: smaller(packets, packetsLeft), bytes: smaller(bytes, bytesLeft) };
      packetsLeft -= now.packets;
      bytesLeft -= now.bytes;
      this.#add('drop', [name, now.packets, now.bytes], start);
      return { packets: packets - now.packets, bytes: bytes - now.bytes };
    };
    for (const [name, { packets, bytes }] of this.#ahead) take([name, packets, bytes]);
    this.#ahead = new Map();
    for (const count of counted) {
      const { packets, bytes } = take(count);
      if (packets === 0n && bytes === 0n) continue;
      const ahead = this.#ahead.get(count[0]) ?? ZERO;
      this.#ahead.set(count[0], { packets: ahead.packets + packets, bytes: ahead.bytes + bytes });
    }
  }

  /** The host's clock had been ahead. */
  goBackTo(clock: number): void {
    for (const group of TRAFFIC_GROUPS) {
      for (const [name, total] of this.totals[group]) {
        this.totals[group].set(name, { ...total, start: startSeenFrom(clock, total.start) });
      }
    }
  }

  /** @param tags - by the name that they have in metrics. */
  forget(tags: readonly string[]): void {
    // What is still to be counted comes after the name is gone.
    for (const tag of tags) {
      const ahead = this.#ahead.get(tag);
      if (ahead === undefined) continue;
      const other = this.#ahead.get(OTHER) ?? ZERO;
      this.#ahead.delete(tag);
      this.#ahead.set(OTHER, { packets: ahead.packets + other.packets, bytes: ahead.bytes + other.bytes });
    }
    for (const group of ['drop', 'ignore'] as const) {
      for (const tag of tags) {
        const total = this.totals[group].get(tag);
        if (total === undefined) continue;
        const { packets, bytes } = this.forgotten[group];
        this.forgotten[group] = { packets: packets + total.packets, bytes: bytes + total.bytes };
        this.totals[group].delete(tag);
      }
    }
  }

  save() {
    return {
      begun: this.#begun,
      totals: ofEach((group) => [...this.totals[group]].map(savedTotal)),
      forgotten: (['drop', 'ignore'] as const).map((group) => savedCount([group, this.forgotten[group]])),
      last: ofEach((group) => [...this.#last[group]].map(savedCount)),
      ahead: [...this.#ahead].map(savedCount),
    };
  }

  restore({ begun, totals, forgotten, last, ahead }: ReturnType<TrafficTotals['save']>): void {
    this.#begun = begun;
    for (const [group, packets, bytes] of forgotten) {
      this.forgotten[group as 'drop' | 'ignore'] = { packets: BigInt(packets), bytes: BigInt(bytes) };
    }
    for (const group of TRAFFIC_GROUPS) {
      for (const [name, packets, bytes, start] of totals[group]) {
        this.#add(group, [name, BigInt(packets), BigInt(bytes)], start);
      }
      for (const [name, packets, bytes] of last[group]) {
        this.#last[group].set(name, { packets: BigInt(packets), bytes: BigInt(bytes) });
      }
    }
    for (const [name, packets, bytes] of ahead) {
      this.#ahead.set(name, { packets: BigInt(packets), bytes: BigInt(bytes) });
    }
  }

  /** @param start - of the series, if it begins with this. */
  #add(group: TrafficGroup, [name, packets, bytes]: NamedCount, start: number): void {
    const total = this.totals[group].get(name) ?? { ...ZERO, start };
    this.totals[group].set(name, { ...total, packets: total.packets + packets, bytes: total.bytes + bytes });
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Only a restart lets the counters of XDP fall: they are never taken back one by one, as those of tags are. */
function hasFallen(last: Counts, reading: ReadonlyMap<string, TrafficCount>): boolean {
  for (const [name, before] of last) {
    const now = reading.get(name);
    if (now && (now.packets < before.packets || now.bytes < before.bytes)) return true;
  }
  return false;
}

function savedTotal([name, { packets, bytes, start }]: [string, TrafficTotal]) {
  return [name, String(packets), String(bytes), start] as const;
}

function savedCount([name, { packets, bytes }]: [string, TrafficCount]) {
  return [name, String(packets), String(bytes)] as const;
}

function ofEach<T>(make: (group: TrafficGroup) => T): Record<TrafficGroup, T> {
  return { xdp: make('xdp'), drop: make('drop'), ignore: make('ignore') };
}
