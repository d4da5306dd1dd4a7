import { readFileSync } from 'node:fs';
import type { Finding } from '../telemetry/finding.ts';
import { OpenSockets } from './open-sockets.ts';

/** Descriptors that are kept for the log, libraries, and what the bridge itself connects to. */
const RESERVE = 128;

interface Claim {
  readonly name: string;
  readonly wanted: number;
}

/** One listener's share. */
export interface ConnectionClaim {
  /** How many connections it may have now; after `release`, what it had last. */
  readonly granted: number;
  /** It listens no more. Safe twice. */
  release(): void;
}

/**
 * Shares out the descriptors of the process among its listeners, so that none can take those of another, or those that
 * files need.
 */
export class ConnectionBudget {
  /** What they listen on. */
  readonly sockets = new OpenSockets();
  readonly #limit: number;
  readonly #claims: Claim[] = [];
  #grants = new Map<Claim, number>();

  /** @param limit - descriptors that the process may have open. */
  constructor(limit: number = openFileLimit()) {
    this.#limit = limit;
  }

  register(name: string, wanted: number): ConnectionClaim {
    const claim = { name, wanted };
    this.#claims.push(claim);
    this.#share();
    let last = 0;
    const granted = () => {
      last = this.#grants.get(claim) ?? last;
      return last;
    };
    return {
      get granted() {
        return granted();
      },
      release: () => {
        granted();
        const at = this.#claims.indexOf(claim);
        if (at !== -1) this.#claims.splice(at, 1);
        this.#share();
      },
    };
  }

  /** Nothing, unless an operator has something to do. */
  examine(): Promise<readonly Finding[]> {
    const wanted = this.#claims.reduce((sum, claim) => sum + claim.wanted, 0);
    if (wanted <= this.#available) return Promise.resolve([]);
    const cut = [...this.#grants]
      .filter(([claim, granted]) => granted < claim.wanted)
      .map(([{ name, wanted: asked }, granted]) => `${name} ${granted} in place of ${asked}`);
    return Promise.resolve([
      {
        level: 'warning',
        message: `this process may have ${this.#limit} files open, too few for max_connections of all listeners (${wanted}) and ${RESERVE} for files: ${cut.join(', ')}`,
        advice: `raise the limit to ${wanted + RESERVE} (LimitNOFILE= of the systemd unit, ulimit -n, --ulimit nofile= of a container), or lower max_connections`,
      },
    ]);
  }

  get #available(): number {
    // With a limit that is lower than all sense, half of it is for files.
    return this.#limit - Math.min(RESERVE, Math.floor(this.#limit / 2));
  }

  /** The modest get what they ask for; the rest is shared evenly by those who ask for more. */
  #share(): void {
    const grants = new Map<Claim, number>();
    let left = this.#available;
    const rising = this.#claims.toSorted((a, b) => a.wanted - b.wanted);
    for (const [index, claim] of rising.entries()) {
      const granted = Math.max(1, Math.min(claim.wanted, Math.floor(left / (rising.length - index))));
      grants.set(claim, granted);
      left -= granted;
    }
    this.#grants = grants;
  }
}

/** Node raises the soft limit to the hard one when it starts. Infinity where the system does not say. */
function openFileLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
