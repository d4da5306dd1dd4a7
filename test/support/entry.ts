import type { Entry } from '../../src/log/log.ts';

/** A record as a fold is given it when the log is read back. */
export function entryOf(record: Uint8Array, position = 1, topic = 'ledger'): Entry {
  return { position, time: 0, epoch: '0000000000000000', topic, record };
}
