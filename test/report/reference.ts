import { metadataPlaces } from '../../src/report/metadata-texts.ts';
import { ReportChunk } from '../../src/report/report-chunk.ts';
import { addParsed } from '../../src/report/validate.ts';

/** What a chunk says, in values that compare. */
export interface Verdict {
  lines: string[];
  kinds: string[];
  times: number[];
  reasons: [string, number][];
  elements: number;
  /** `number of the report, whether it was cut, JSON`. */
  metadata: string[];
}

export function verdictOf(chunk: ReportChunk): Verdict {
  const kinds = chunk.kinds.strings();
  const result: Verdict = {
    lines: [...chunk.lines()].map((line) => `${line.action} ${line.policy} ${line.cidr} ${line.tag}`),
    kinds: [],
    times: [],
    reasons: [...chunk.reasons].sort(),
    elements: chunk.elements,
    metadata: Array.from(metadataPlaces(chunk.metadata.used), ({ report, isCut, from, to }) => {
      const json = Buffer.from(chunk.metadata.used.subarray(from, to)).toString('utf8');
      return `${report} ${isCut ? 'cut' : 'whole'} ${JSON.stringify(JSON.parse(json))}`;
    }),
  };
  for (let at = 0; at < chunk.length; ) {
    const word0 = chunk.words[at]!;
    const kind = word0 >>> 16;
    result.kinds.push(kind === 0 ? '' : kinds[kind - 1]!);
    result.times.push(chunk.words[at + 2]!, chunk.words[at + 3]!, chunk.words[at + 4]!);
    at += (word0 & 4) === 0 ? 6 : 9;
  }
  return result;
}

/** The definition: `JSON.parse` of the whole text, then validation of each element. Null when it is no JSON array. */
export function reference(body: Uint8Array): Verdict | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
  if (!Array.isArray(parsed)) return null;
  const chunk = new ReportChunk();
  chunk.metadata.wanted = true;
  for (const element of parsed) {
    const reason = addParsed(chunk, element);
    if (reason !== null) chunk.quarantine(reason, Buffer.from(JSON.stringify(element)));
  }
  return verdictOf(chunk);
}
