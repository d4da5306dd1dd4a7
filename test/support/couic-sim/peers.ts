import type { SimulatedFirewall } from './firewall.ts';
import type { CouicEntry } from './report.ts';

/** Jobs that wait for the worker; one more is dropped, with a line in Couic's log. */
const QUEUE_CAPACITY = 16_384;

type Action = 'add' | 'remove';

interface Job {
  readonly action: Action;
  readonly cidr: string;
  /** Tags of set files are not passed on. */
  readonly tag: string | null;
  readonly expiration: number | bigint;
}

/**
 * Couic's worker for its peers, with its faults: which policy a rule is of is not sent, so that an ignore rule becomes a
 * drop rule there; jobs of one turn lose their order, and equal ones become one; a peer stops at the first it refuses,
 * and looks at none when the time of one is over, be it a remove; what was not taken is lost.
 */
export class PeerWorker {
  /** A peer that cannot be reached loses its jobs. @default all can */
  reachable: (peer: SimulatedFirewall) => boolean = () => true;
  readonly #peers: readonly SimulatedFirewall[];
  /** By their text: a set. */
  readonly #jobs = new Map<string, Job>();

  constructor(peers: readonly SimulatedFirewall[]) {
    this.#peers = peers;
  }

  queue(action: Action, { cidr, tag, expiration }: CouicEntry): void {
    const job = { action, cidr, tag, expiration };
    if (this.#jobs.size < QUEUE_CAPACITY) this.#jobs.set(`${action} ${cidr} ${tag} ${expiration}`, job);
  }

  /** One turn of the worker; Couic's comes every 200 ms. @returns whether every peer took every job. */
  send(): boolean {
    // The order of a hash table: here, that of the text.
    const jobs = [...this.#jobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, job]) => job);
    this.#jobs.clear();
    return this.#peers.map((peer) => this.reachable(peer) && take(peer, jobs)).every((taken) => taken);
  }
}

function take(peer: SimulatedFirewall, jobs: readonly Job[]): boolean {
  // The request is read as a whole first, which refuses what a client may not add.
  if (jobs.some(({ expiration }) => peer.isOver(expiration))) return false;
  return jobs.every(({ action, cidr, tag, expiration }) =>
    action === 'add' ? peer.addFromPeer(cidr, { tag, expiration }) : peer.removeFromPeer(cidr),
  );
}
