import type { StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';

/** A leader that has heard nothing of a copy for so long is not followed by it: they tell each other something every second. */
const FOLLOWED_NS = 2_500_000_000;
/** Leadership takes up to 9 s to move. A server that knows of no leader for longer is not among those who elect one. Also between two moves. */
const PATIENCE_MS = 10_000;

/** Of a stream, as far as one server knows: one that was cut off from the others takes itself for the leader for 10 s more. */
type Leader = 'followed' | 'alone' | 'none';

/** @param found - what a server says; undefined: nothing. */
export function leaderIn(found: Pick<StreamInfo, 'config' | 'cluster'> | undefined): Leader {
  if (found?.config.num_replicas === 1) return 'followed';
  // Who knows of no leader answers as well.
  if (!found?.cluster?.leader) return 'none';
  // 0: never heard of.
  const followers = (found.cluster.replicas ?? []).filter(({ active }) => active > 0 && active < FOLLOWED_NS);
  return (1 + followers.length) * 2 > found.config.num_replicas ? 'followed' : 'alone';
}

/** Leaves a server that is cut off from the others for another one: to the client it looks well. */
export class Mover {
  readonly #connection: Pick<NatsConnection, 'getServer' | 'reconnect'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #logger: Pick<Logger, 'warn'>;
  /** Since when there is no leader; by the monotonic clock. */
  #noneSince: number | undefined;
  #leftAt = Number.NEGATIVE_INFINITY;
  #left: string | undefined;

  constructor(
    connection: Pick<NatsConnection, 'getServer' | 'reconnect'>,
    clock: Pick<Clock, 'monotonic'>,
    logger: Pick<Logger, 'warn'>,
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** To be called every now and then while nothing can be written. */
  looked(leader: Leader): void {
    const now = this.#clock.monotonic();
    if (leader !== 'none') this.#noneSince = undefined;
    else this.#noneSince ??= now;
    const isOver = leader === 'alone' || now - (this.#noneSince ?? now) >= PATIENCE_MS;
    if (isOver && now - this.#leftAt >= PATIENCE_MS) this.#leave(now);
  }

  /** To be called when something can be written again. */
  recovered(): void {
    this.#noneSince = undefined;
  }

  /** To be called when there is a connection again. */
  connected(server: string): void {
    // The client's first choice is the one that it came from.
    if (server === this.#left) void this.#connection.reconnect();
    this.#left = undefined;
  }

  #leave(now: number): void {
    this.#leftAt = now;
    this.#left = this.#connection.getServer();
    this.#logger.warn(`The NATS server ${this.#left} is cut off from the others, or they are down: trying another one`);
    void this.#connection.reconnect();
  }
}
