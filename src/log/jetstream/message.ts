import { headers, type MsgHdrs } from '@nats-io/transport-node';

/*
 * An entry is a message: the topic its subject, the record its data, the position its sequence, the time the stream's own.
 * Its `Nats-Msg-Id` is the epoch of the opening that wrote it, and a number: that names it to the server, which takes it once,
 * and to its writer, which knows it again though the acknowledgement was lost.
 */
const MESSAGE_ID = 'Nats-Msg-Id';
/** On an entry that came from another log, in place of the stream's time: ms since the epoch. */
const TIME = 'Couic-Time';
/** On a message that says nothing: it stands where a subject's last one is to go. */
const EMPTY = 'Couic-Empty';
const ID = /^([0-9a-f]{16})-\d+$/;

/** A message of the log's stream. */
export interface StreamMessage {
  readonly sequence: number;
  /** By the stream's leader, ms since the epoch. */
  readonly time: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** Undefined for one that no bridge has written. */
  readonly id: string | undefined;
  /** Whether it says nothing: no fold and no reader is given it. */
  readonly isEmpty: boolean;
}

export function messageId(epoch: string, number: number): string {
  return `${epoch}-${number}`;
}

export function epochOf(id: string): string {
  return id.slice(0, 16);
}

export function idIn(found: MsgHdrs | undefined): string | undefined {
  const id = found?.get(MESSAGE_ID) ?? '';
  return ID.test(id) ? id : undefined;
}

export function isEmptyIn(found: MsgHdrs | undefined): boolean {
  return found?.has(EMPTY) ?? false;
}

/** When it was committed, if the stream's own time is not that. */
export function timeIn(found: MsgHdrs | undefined): number | undefined {
  const text = found?.get(TIME);
  return text ? Number(text) : undefined;
}

/** Of an entry that comes from another log. */
export function movedHeaders(time: number): MsgHdrs {
  const made = headers();
  made.set(TIME, String(time));
  return made;
}

export function emptyHeaders(): MsgHdrs {
  const made = headers();
  made.set(EMPTY, '1');
  return made;
}
