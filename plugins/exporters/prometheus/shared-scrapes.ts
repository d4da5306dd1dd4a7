import { setImmediate } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../../../src/clock.ts';
import type { TextFormat } from './text-format.ts';

/** What one scrape answers; shared by all who asked meanwhile. */
export interface ScrapeText {
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
}

interface SharedScrapesOptions {
  readonly clock: Clock;
  collect(): Promise<ResourceMetrics>;
  serialize(metrics: ResourceMetrics, format: TextFormat): Iterable<string>;
}

/** Pieces are gathered to this many characters, to spare system calls. */
const PIECE_CHARACTERS = 65_536;
/** After this long, a scrape makes room for whatever else waits for the event loop. */
const SLICE_MS = 5;

/** What will be collected next, by format. */
type Turn = Map<TextFormat, PromiseWithResolvers<ScrapeText>>;

/**
 * One collection at a time, whoever asks. Who asks while one is under way gets the next one, together with all others who
 * do: so what a scrape shows is never older than its request, and any number of scrapers cost what one costs.
 */
export class SharedScrapes {
  readonly #options: SharedScrapesOptions;
  #last: Promise<void> = Promise.resolve();
  #next: Turn | undefined;

  constructor(options: SharedScrapesOptions) {
    this.#options = options;
  }

  /** @throws what collecting throws. */
  text(format: TextFormat): Promise<ScrapeText> {
    const turn = this.#next ?? this.#schedule();
    let text = turn.get(format);
    if (!text) {
      text = withResolvers();
      turn.set(format, text);
    }
    return text.promise;
  }

  #schedule(): Turn {
    const turn: Turn = new Map();
    this.#next = turn;
    this.#last = this.#last.then(() => this.#take(turn));
    return turn;
  }

  async #take(turn: Turn): Promise<void> {
    this.#next = undefined;
    try {
      const metrics = await this.#options.collect();
      for (const [format, { resolve }] of turn) resolve(await this.#textOf(metrics, format));
    } catch (error) {
      for (const { reject } of turn.values()) reject(error as Error);
    }
  }

  async #textOf(metrics: ResourceMetrics, format: TextFormat): Promise<ScrapeText> {
    const { clock, serialize } = this.#options;
    const pieces: Buffer[] = [];
    let bytes = 0;
    const add = (text: string) => {
      const piece = Buffer.from(text);
      pieces.push(piece);
      bytes += piece.length;
    };
    let sliceEnds = clock.monotonic() + SLICE_MS;
    let text = '';
    for (const some of serialize(metrics, format)) {
      text += some;
      if (text.length >= PIECE_CHARACTERS) {
        add(text);
        text = '';
      }
      if (clock.monotonic() >= sliceEnds) {
        await setImmediate();
        sliceEnds = clock.monotonic() + SLICE_MS;
      }
    }
    add(text);
    return { pieces, bytes };
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
