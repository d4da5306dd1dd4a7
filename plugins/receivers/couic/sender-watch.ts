import type { Connection } from './connections.ts';

/** One Couic may hold two connections, and now and then take the other one; it does not take turns with them. */
const TURNS_OF_CONNECTIONS = 8;
/** One Couic may change its address, and change it back. */
const TURNS_OF_ADDRESSES = 3;
/** Turns of addresses that are further apart are no turns; and the warning comes once in that time. */
const HOUR_MS = 3_600_000;

interface Seen {
  last: Connection;
  before: Connection | undefined;
  turnsOfConnections: number;
  addressBefore: string | undefined;
  turnsOfAddresses: number;
  since: number;
  warnedAt: number;
}

/**
 * Notices when two senders use one instance: their rules are mixed up, and each one's bodies end the other's. All that can
 * be seen of it is that requests come in turn from two connections, or two addresses, that both stay.
 */
export class SenderWatch {
  readonly #warn: (instance: string, addresses: readonly string[]) => void;
  readonly #seen = new Map<string, Seen>();

  constructor(warn: (instance: string, addresses: readonly string[]) => void) {
    this.#warn = warn;
  }

  /** A request has come. @param now - by the monotonic clock, ms. */
  came(instance: string, connection: Connection, now: number): void {
    const seen = this.#seen.get(instance);
    if (seen === undefined) {
      this.#seen.set(instance, {
        last: connection,
        before: undefined,
        turnsOfConnections: 0,
        addressBefore: undefined,
        turnsOfAddresses: 0,
        since: now,
        warnedAt: Number.NEGATIVE_INFINITY,
      });
      return;
    }
    if (connection === seen.last) {
      seen.turnsOfConnections = 0;
      return;
    }
    const { last } = seen;
    seen.turnsOfConnections = connection === seen.before ? seen.turnsOfConnections + 1 : 0;
    if (now - seen.since > HOUR_MS) [seen.since, seen.turnsOfAddresses] = [now, 0];
    if (connection.remoteAddress !== last.remoteAddress) {
      if (connection.remoteAddress === seen.addressBefore) seen.turnsOfAddresses++;
      seen.addressBefore = last.remoteAddress;
    }
    seen.before = last;
    seen.last = connection;
    const areTwo = seen.turnsOfConnections >= TURNS_OF_CONNECTIONS || seen.turnsOfAddresses >= TURNS_OF_ADDRESSES;
    if (!areTwo || now - seen.warnedAt < HOUR_MS) return;
    seen.warnedAt = now;
    const addresses = [last.remoteAddress, connection.remoteAddress].filter((each) => each !== undefined);
    this.#warn(instance, [...new Set(addresses)]);
  }
}
