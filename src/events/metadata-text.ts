import type { EventMetadata } from './event.ts';

/** The metadata of one report as it lies in the log. It is parsed when somebody asks for a member, since most of it is only passed on. */
export class MetadataText implements EventMetadata {
  readonly plain: string | undefined;
  readonly #json: string;
  #parsed: EventMetadata | undefined;

  /** @param isPlain - see `isPlainMetadata`. */
  constructor(json: string, isPlain: boolean) {
    this.#json = json;
    this.plain = isPlain ? json : undefined;
  }

  get kind(): unknown {
    return this.#members.kind;
  }

  get detail(): unknown {
    return this.#members.detail;
  }

  get extra(): unknown {
    return this.#members.extra;
  }

  get #members(): EventMetadata {
    this.#parsed ??= membersOf(JSON.parse(this.#json));
    return this.#parsed;
  }
}

/** What is no object is told as the detail. */
function membersOf(value: unknown): EventMetadata {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? value : { detail: value };
}
