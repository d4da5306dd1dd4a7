/** Networks that are kept apart in an interval, each once for each Couic: a hundred bytes or so each. */
const MOST_NETWORKS = 100_000;
/** Tags likewise. Couic's own have at most 64 characters. */
const MOST_TAGS = 10_000;

interface InstanceTally {
  total: number;
  /** How often each was added. */
  readonly networks: Map<string, number>;
}

/** Counts what was added since an interval began. What there is no room for is in the totals all the same. */
export class Tally {
  readonly instances = new Map<string, InstanceTally>();
  readonly tags = new Map<string, number>();
  total = 0;
  /** There was no room to keep all networks apart. */
  isFull = false;
  /** Something was lost before it was counted. */
  isIncomplete = false;
  #room: number;

  /** @param room - networks that are kept apart. */
  constructor(room = MOST_NETWORKS) {
    this.#room = room;
  }

  /** A rule was added. @param tag - null for none: no tag's, as couic-report counts. */
  add(instance: string, network: string, tag: string | null): void {
    this.total++;
    let own = this.instances.get(instance);
    if (own === undefined) {
      own = { total: 0, networks: new Map() };
      this.instances.set(instance, own);
    }
    own.total++;
    const before = own.networks.get(network);
    if (before !== undefined) own.networks.set(network, before + 1);
    else if (this.#room > 0) {
      this.#room--;
      own.networks.set(network, 1);
    } else this.isFull = true;
    if (tag === null) return;
    const count = this.tags.get(tag);
    if (count !== undefined || this.tags.size < MOST_TAGS) this.tags.set(tag, (count ?? 0) + 1);
  }

  /** How often each network was added, by any Couic. */
  networks(): ReadonlyMap<string, number> {
    const [first, ...others] = [...this.instances.values()];
    if (first === undefined || others.length === 0) return first?.networks ?? new Map();
    const all = new Map(first.networks);
    for (const { networks } of others) {
      for (const [network, count] of networks) all.set(network, (all.get(network) ?? 0) + count);
    }
    return all;
  }
}

/** Those that count most, first; of equals, in the order of their names, so that it is the same each time. */
export function most(counts: ReadonlyMap<string, number>, many: number): (readonly [string, number])[] {
  if (many === 0) return [];
  const top: [string, number][] = [];
  for (const [name, count] of counts) {
    const last = top.at(-1);
    if (top.length === many && last !== undefined && before(last, [name, count])) continue;
    const at = top.findIndex((other) => before([name, count], other));
    top.splice(at === -1 ? top.length : at, 0, [name, count]);
    top.splice(many);
  }
  return top;
}

function before([aName, aCount]: [string, number], [bName, bCount]: [string, number]): boolean {
  return aCount > bCount || (aCount === bCount && aName <= bName);
}
