import { REDACTED } from './redact.ts';

/** Shorter ones would take half of every word out. */
const SHORTEST = 6;

/**
 * Values that no output may hold. Whoever writes a message leaves them out by itself; this is for messages that nobody
 * here wrote, the exceptions of libraries.
 */
export class KnownSecrets {
  #values: readonly string[] = [];

  /** @param value - as it is; in JSON it is found as well. */
  add(value: string): void {
    const trimmed = value.trim();
    if (trimmed.length < SHORTEST || /^(true|false|[\d.]+)$/i.test(trimmed)) return;
    const forms = [value, trimmed, JSON.stringify(trimmed).slice(1, -1)];
    // The longest first: one may be a part of another.
    this.#values = [...new Set([...this.#values, ...forms])].toSorted((a, b) => b.length - a.length);
  }

  hide(text: string): string {
    let hidden = text;
    for (const value of this.#values) if (hidden.includes(value)) hidden = hidden.replaceAll(value, REDACTED);
    return hidden;
  }
}
