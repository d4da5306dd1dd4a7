import type { Resource } from '@opentelemetry/resources';
import type { Logger } from 'pino';

/** How often the older of two has to come back before it is said: a program that is replaced runs beside the next one for a moment. */
const TURNS = 5;
/** Nanoseconds without one after which it was that, or is over. */
const FORGIVEN = 600e9;
/** Sources that are told of, all in all: who sends with a thousand names has read it by then. */
const MOST_TOLD = 20;
const LONGEST_NAME = 100;

interface Seen {
  turns: number;
  /** Of the older one's last point, nanoseconds. */
  at: number;
}

/**
 * Notices several programs that send with one and the same resource: the one that began earlier goes on to tell something newer
 * than the one that began later, in turns. One that was merely started anew does not come back. In memory alone.
 */
export class Rivals {
  readonly #logger: Pick<Logger, 'warn'>;
  /** By the object that all streams of a resource share, and gone with it; null: it was told of. */
  readonly #seen = new WeakMap<Resource, Seen | null>();
  #told = 0;

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  /**
   * A point of an earlier start came that is newer than the last one of the later start.
   * @param time - of it, and @param last - of that other one, nanoseconds.
   */
  see(resource: Resource, time: number, last: number): void {
    const seen = this.#seen.get(resource);
    if (seen === null || this.#told >= MOST_TOLD) return;
    if (seen === undefined || time - seen.at > FORGIVEN) {
      this.#seen.set(resource, { turns: 1, at: time });
      return;
    }
    // Another series of the same turn.
    if (last <= seen.at) return;
    seen.turns += 1;
    seen.at = time;
    if (seen.turns < TURNS) return;
    this.#seen.set(resource, null);
    this.#told += 1;
    const { 'service.name': name } = resource.attributes;
    const shown = typeof name === 'string' ? `service.name "${name.slice(0, LONGEST_NAME)}"` : 'without a service.name';
    this.#logger.warn(
      `Several programs send with one and the same resource, ${shown}: they are taken for one that begins anew again and again, and some of what they count may be lost. Give each a service.instance.id of its own: OTEL_RESOURCE_ATTRIBUTES=service.instance.id=$(hostname)-$$`,
    );
  }
}
