import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blankMetadata, MetadataTexts, metadataPlaces } from '../../src/report/metadata-texts.ts';

/** As the scanner gives it, amid the report. */
function add(texts: MetadataTexts, report: number, json: string): void {
  const bytes = Buffer.from(`<${json}>`);
  texts.add(report, bytes, 1, bytes.length - 1);
}

function told(bytes: Uint8Array): [report: number, isCut: boolean, json: string][] {
  return Array.from(metadataPlaces(bytes), ({ report, isCut, from, to }) => [
    report,
    isCut,
    Buffer.from(bytes.subarray(from, to)).toString('utf8'),
  ]);
}

const ways = {
  scanned: (texts: MetadataTexts, value: unknown) => add(texts, 7, JSON.stringify(value)),
  parsed: (texts: MetadataTexts, value: unknown) => texts.addParsed(7, value),
};

describe.each(Object.entries(ways))('%s', (_, way) => {
  const kept = (value: unknown) => {
    const texts = new MetadataTexts();
    way(texts, value);
    return told(texts.used);
  };

  test('16 KiB of JSON, in bytes, are kept whole, and of more the beginning', () => {
    const room = 16 * 1024 - JSON.stringify({ kind: 'k', detail: '' }).length;
    const most = { kind: 'k', detail: `${'d'.repeat(room - 2)}é` };
    expect(Buffer.byteLength(JSON.stringify(most))).toBe(16 * 1024);
    expect(kept(most)).toEqual([[7, false, JSON.stringify(most)]]);
    const more = { ...most, detail: `${most.detail}d` };
    expect(kept(more)).toEqual([[7, true, JSON.stringify({ kind: 'k', detail: more.detail.slice(0, 2048) })]]);
    expect(kept({ kind: 'k'.repeat(65), detail: more })).toEqual([[7, true, JSON.stringify({ kind: 'k'.repeat(64) })]]);
    expect(kept({ kind: 1, detail: 'd', extra: more })).toEqual([[7, true, '{"detail":"d"}']]);
    for (const value of [[more], `${more.detail}${more.detail}`]) expect(kept(value)).toEqual([[7, true, '{}']]);
  });
});

test('what is known to be a part is told as cut, and that there is none is not told', () => {
  const texts = new MetadataTexts();
  texts.addParsed(1, { kind: 'k', extra: 1 }, false);
  texts.addParsed(2, null, false);
  texts.addParsed(3, null);
  texts.addParsed(4, undefined);
  texts.addParsed(5, false);
  expect(told(texts.used)).toEqual([
    [1, true, '{"kind":"k"}'],
    [2, true, '{}'],
    [5, false, 'false'],
  ]);
  texts.clear();
  expect(told(texts.used)).toEqual([]);
});

test('of a body that brings more than is kept, all is named, and what has no room is told as cut', () => {
  const texts = new MetadataTexts();
  const json = JSON.stringify({ detail: 'd'.repeat(16_000) });
  for (let report = 0; report < 100; report++) add(texts, report, json);
  const all = told(texts.used);
  expect(all.map(([report]) => report)).toEqual([...all.keys()]);
  const whole = all.filter(([, isCut]) => !isCut);
  expect(whole.map(([, , text]) => text)).toEqual(Array.from({ length: 32 }, () => json));
  expect(all.slice(32)).toEqual(all.slice(32).map(([report]) => [report, true, '{}']));
});

test('what is erased is overwritten where it lies, and of the rest what is of the subject', () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.record({ kind: fc.constantFrom('subject', 'other') }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.boolean())), (reports) => {
      const texts = new MetadataTexts();
      reports.forEach(([value], report) => {
        if (value !== null) add(texts, report, JSON.stringify(value));
      });
      const before = told(texts.used);
      const changed = blankMetadata(
        texts.used,
        (report) => reports[report]![1],
        (text) => {
          const at = Buffer.from(text.buffer, text.byteOffset, text.length).indexOf('subject');
          if (at >= 0) text.fill(0x2a, at, at + 7);
          return at >= 0;
        },
      );
      const after = told(texts.used);
      expect(after.map(([report]) => report)).toEqual(before.map(([report]) => report));
      for (const [i, [report, isCut, json]] of after.entries()) {
        const [, , was] = before[i]!;
        expect([isCut, Buffer.byteLength(json)]).toEqual([false, Buffer.byteLength(was)]);
        if (reports[report]![1]) expect(json.trimEnd()).toBe(was.length === 1 ? '0' : '{}');
        else expect(json).toBe(was.replace('subject', '*******'));
      }
      expect(changed).toBe(before.some(([report, , json]) => reports[report]![1] || json.includes('subject')));
    }),
  );
});
