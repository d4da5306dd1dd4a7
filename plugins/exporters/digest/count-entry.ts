import { decodeChunk, kindOf, RECORD } from '../../../src/ledger/records.ts';
import { decodeTraffic } from '../../../src/ledger/traffic-record.ts';
import type { Entry } from '../../../src/log/log.ts';
import { formatCidr } from '../../../src/report/cidr.ts';
import { cidrOf, ERASED, REMOVE, wordsOf } from '../../../src/report/packed.ts';
import type { DropCounters } from './drop-counters.ts';
import type { Tally } from './tally.ts';

/**
 * Counts what an entry of the log tells: each report of a rule that was added, drop and ignore, as couic-report counts, and the
 * packets that were dropped. Not by way of events: those would decode the metadata of each report.
 */
export function countEntry(
  { topic, record }: Entry,
  instances: ReadonlySet<string>,
  tally: Tally,
  drops: DropCounters,
): void {
  if (topic !== 'ledger' && !topic.startsWith('couic/')) return;
  switch (kindOf(record)) {
    case RECORD.chunk: {
      const { instance, words, tags } = decodeChunk(record);
      if (!instances.has(instance)) return;
      for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
        if ((words[at]! & (REMOVE | ERASED)) !== 0) continue;
        const tag = words[at + 1]!;
        tally.add(instance, formatCidr(cidrOf(words, at)), tag === 0 ? null : tags[tag - 1]!);
      }
      return;
    }
    case RECORD.traffic: {
      const { instance, change } = decodeTraffic(record);
      if (instances.has(instance)) drops.read(instance, change);
    }
  }
}
