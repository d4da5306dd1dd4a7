import { creationOf, REMOVE, wordsOf } from '../report/packed.ts';
import type { ReportChunk } from '../report/report-chunk.ts';
import type { TrustedClock } from './trusted-clock.ts';

/**
 * The time to write a chunk down with. While the host's clock is held back, a rule that Couic has just created says what
 * time it is there, which is what matters: Couic's own rules end by that clock. One that was created long ago, as in a
 * backlog, says nothing. It takes a token to be heard, and all it can do is to end ten minutes of waiting early.
 */
export function timeOfReports(clock: TrustedClock, { words, length }: ReportChunk): number {
  if (clock.heldBack > 0) {
    for (let at = 0; at < length; at += wordsOf(words[at]!)) {
      if ((words[at]! & REMOVE) === 0) clock.confirm(creationOf(words, at) * 1000, 'a report of Couic');
    }
  }
  return clock.now();
}
