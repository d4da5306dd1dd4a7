import type { Fold, Entry as LogEntry } from '../../../src/log/log.ts';
import { parsePayload } from './payload.ts';
import { RecentWindows } from './recent-windows.ts';
import {
  decodeRecord,
  type OutboxRecord,
  type QuarantinedRecord,
  type SealedRecord,
  type SealedWindow,
} from './records.ts';
import { fromPieces, toPieces } from './snapshot-lines.ts';
import { type StateEntry, WindowState } from './window-state.ts';

/** A window that waits for LAPI. */
export interface WaitingWindow {
  readonly number: number;
  readonly second: number;
  readonly items: number;
  /** The request's body, to the byte. */
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly sealedAt: number;
}

/** A window that LAPI refused for good. */
export interface QuarantinedWindow extends WaitingWindow {
  readonly quarantinedAt: number;
  readonly status: number;
  readonly message: string;
}

type Entry =
  | StateEntry
  | ['outbox', { format: 1; lastSentAt: number | null }]
  | ['waiting', WaitingWindow]
  | ['quarantined', QuarantinedWindow];

/** The exporter's durable state, a fold over its own records: where the last window ended, and the windows not yet taken. */
export class Outbox implements Fold {
  readonly state = new WindowState();
  readonly recent = new RecentWindows();
  /** In the order of their numbers, which is that of sending. */
  readonly #waiting = new Map<number, WaitingWindow>();
  readonly #quarantined = new Map<number, QuarantinedWindow>();
  #lastSentAt: number | undefined;
  #bytes = 0;

  get waiting(): readonly WaitingWindow[] {
    return [...this.#waiting.values()];
  }

  get oldest(): WaitingWindow | undefined {
    return this.#waiting.values().next().value;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Length of all waiting bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Oldest first. */
  get quarantined(): readonly QuarantinedWindow[] {
    return [...this.#quarantined.values()];
  }

  /** Milliseconds since the epoch of the last 201. */
  get lastSentAt(): number | undefined {
    return this.#lastSentAt;
  }

  /** A waiting or quarantined window by its number. */
  find(number: number): WaitingWindow | QuarantinedWindow | undefined {
    return this.#waiting.get(number) ?? this.#quarantined.get(number);
  }

  apply({ record: bytes, origin }: LogEntry): void {
    const record = (origin as OutboxRecord | undefined) ?? decodeRecord(bytes);
    switch (record.type) {
      case 'baseline':
        this.state.startCounting(record);
        break;
      case 'sealed':
        this.#seal(record);
        break;
      case 'sent':
        this.#take(record.number);
        this.#lastSentAt = record.at;
        this.recent.sent(record.number, record.at);
        break;
      case 'quarantined':
        this.#quarantine(record);
        break;
      case 'resent': {
        const window = this.#quarantined.get(record.number);
        if (!window) break;
        this.#quarantined.delete(record.number);
        const { quarantinedAt: _at, status: _status, message: _message, ...waiting } = window;
        this.#wait(waiting);
        break;
      }
      case 'dropped': {
        const window = this.#take(record.number);
        if (window) this.state.unsay(parsePayload(window.body));
        this.#quarantined.delete(record.number);
        break;
      }
    }
  }

  snapshot(): Iterable<Uint8Array> {
    const entries: Entry[] = [
      ['outbox', { format: 1, lastSentAt: this.#lastSentAt ?? null }],
      ...this.state.entries(),
      ...this.waiting.map((window): Entry => ['waiting', window]),
      ...this.quarantined.map((window): Entry => ['quarantined', window]),
    ];
    return toPieces(entries);
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const line of fromPieces(pieces)) {
      const entry = line as Entry;
      if (entry[0] === 'outbox') this.#lastSentAt = entry[1].lastSentAt ?? undefined;
      else if (entry[0] === 'waiting') this.#wait(entry[1]);
      else if (entry[0] === 'quarantined') this.#quarantined.set(entry[1].number, entry[1]);
      else this.state.restore(entry);
    }
  }

  #seal(record: SealedRecord): void {
    this.state.seal(record, record.window && parsePayload(record.window.body));
    if (!record.window) return;
    this.recent.sealed(record.window, record.at);
    if (!record.window.dryRun) this.#wait(waitingOf(record.window, record.at));
  }

  #quarantine({ number, at, status, message }: QuarantinedRecord): void {
    const window = this.#take(number);
    if (!window) return;
    this.#quarantined.set(number, { ...window, quarantinedAt: at, status, message });
    this.state.unsay(parsePayload(window.body));
  }

  #wait(window: WaitingWindow): void {
    this.#bytes += window.body.length;
    const last = [...this.#waiting.keys()].at(-1) ?? 0;
    this.#waiting.set(window.number, window);
    if (window.number > last) return;
    const sorted = [...this.#waiting].sort(([a], [b]) => a - b);
    this.#waiting.clear();
    for (const [number, waiting] of sorted) this.#waiting.set(number, waiting);
  }

  #take(number: number): WaitingWindow | undefined {
    const window = this.#waiting.get(number);
    if (!window) return undefined;
    this.#waiting.delete(number);
    this.#bytes -= window.body.length;
    return window;
  }
}

function waitingOf({ number, second, items, body }: SealedWindow, sealedAt: number): WaitingWindow {
  return { number, second, items, body, sealedAt };
}
