import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CouicEvent } from '../../../src/events/event.ts';
import { couicText } from '../../../src/events/formats/couic.ts';
import { ecsText } from '../../../src/events/formats/ecs.ts';
import { MetadataText } from '../../../src/events/metadata-text.ts';
import { isPlainMetadata } from '../../../src/events/plain-metadata.ts';
import { couicDocument, ecsDocument } from '../../support/plain-documents.ts';
import { addedEvent, quarantinedEvent, SAMPLE_TIME } from '../../support/sample-events.ts';

const HOSTILE = ['a\0b', '\ud800', '"\\', 'é\u2028\u0085\u202e', '😀', '__proto__', '', '\n'];
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }));
/** Of a Couic, or a reason: nobody outside writes them. */
const name = fc.constantFrom('paris', 'Besançon', 'a "b"');
const time = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }),
  fc.constantFrom(SAMPLE_TIME, -1, 2 ** 63 * 1000, 253402300800000),
);
const network = fc.constantFrom(
  null,
  { text: '192.0.2.1/32', address: '192.0.2.1', type: 'ipv4', form: 'plain' } as const,
  { text: '2001:db8::/48', address: null, type: 'ipv6', form: 'truncated' } as const,
  { text: '::ffff:102:304/128', address: '::ffff:102:304', type: 'ipv6', form: 'plain' } as const,
  { text: 'hmac-sha256:00ff', address: null, type: 'ipv4', form: 'pseudonym' } as const,
);
const scalar = fc.oneof(fc.integer(), fc.double(), text, fc.boolean(), fc.constant(null));
/** As Couic's clients write it, and anything else that is JSON. */
const metadata = fc.oneof(
  fc.record(
    { kind: text, detail: fc.oneof(text, fc.constant(null)), extra: fc.option(fc.dictionary(text, scalar)) },
    { requiredKeys: [] },
  ),
  fc.jsonValue().filter((value) => value !== null),
);
/** JSON that no writer makes of a value. */
const ODD = [
  '{"kind":"k","extra":{"a":1,"a":2}}',
  '{"kind":"k","kind":"l"}',
  '{"detail":"d","kind":"k"}',
  '{"kind":"k","extra":{"n":-0,"m":1e400,"o":12345678901234567890,"p":0.1e1}}',
  '{ "kind":"k"}',
  '{"kind":"k","other":1}',
  '{"kind":"\\u006b","extra":{"a":{"b":[]}}}',
  '{"kind":null,"detail":null,"extra":null}',
  '{"detail":null,"extra":{"detail":"x"}}',
];
const names = [
  'couic.rule.added',
  'couic.rule.removed',
  'couic.rule.expired',
  'couic.rule.brought_in',
  'couic.rule.taken_out',
] as const;

/** An event as it is read from the log, and the same with its metadata parsed. */
function both(event: CouicEvent, json: string | null): { read: CouicEvent; plain: CouicEvent } {
  if (json === null || event.name === 'couic.report.quarantined') return { read: event, plain: event };
  const bytes = Buffer.from(json);
  const read = new MetadataText(bytes.toString(), isPlainMetadata(bytes, 0, bytes.length));
  const { kind, detail, extra } = read;
  return { read: { ...event, metadata: read }, plain: { ...event, metadata: { kind, detail, extra } } };
}

function expectSame(event: CouicEvent, json: string | null): void {
  const { read, plain } = both(event, json);
  for (const [made, document] of [
    [couicText(read), couicDocument(plain)],
    [ecsText(read), ecsDocument(plain)],
  ] as const) {
    expect(made).not.toMatch(/\p{Cc}|\u2028|\u2029/u);
    expect(JSON.parse(made)).toEqual(JSON.parse(JSON.stringify(document)));
  }
}

test('what is put together from pieces is what JSON.stringify writes of the plain document', () => {
  const rule = fc.record({
    name: fc.constantFrom(...names),
    time,
    observedTime: time,
    instance: name,
    policy: fc.constantFrom('drop', 'ignore'),
    network,
    tag: fc.option(text),
    creation: time,
    expiration: fc.option(time),
    lifetime: fc.option(fc.oneof(fc.nat(), fc.constant(2 ** 63 * 1000))),
    metadataCut: fc.boolean(),
  });
  const json = fc.option(
    fc.oneof(
      metadata.map((value) => JSON.stringify(value)),
      fc.constantFrom(...ODD),
    ),
  );
  fc.assert(fc.property(rule, json, (changes, json) => expectSame(addedEvent({ ...changes, metadata: null }), json)));
  const report = fc.record({ time, observedTime: time, instance: name, reason: name, text: fc.option(text) });
  fc.assert(fc.property(report, (changes) => expectSame(quarantinedEvent(changes), null)));
});

describe('metadata', () => {
  const isPlain = (json: string) => isPlainMetadata(Buffer.from(`x${json}y`), 1, 1 + Buffer.byteLength(json));

  test.each([
    '{"kind":"automated","detail":"Repeated connection attempts","extra":{"attempts":156,"scan_type":"SYN","ok":true}}',
    '{"kind":"manual","detail":"","extra":null}',
    '{"kind":"k","detail":null}',
    '{"extra":{"n":-123456789012345,"z":0,"e":null}}',
  ])('that is passed on as it came: %s', (json) => {
    expect(isPlain(json)).toBe(true);
  });

  test.each([
    ...ODD.slice(0, 7),
    '{}',
    'null',
    '"text"',
    '{"kind":null}',
    '{"kind":"k","extra":[]}',
    '{"kind":"k","extra":{"n":1234567890123456}}',
    '{"kind":"k","extra":{"n":01}}',
    '{"kind":"k","extra":{"a":1,}}',
    '{"kind":"k",}',
    '{"kind":"k"}}',
    '{"kind":"é"}',
    '{"kind":"\n"}',
    `{"extra":{${Array.from({ length: 33 }, (_, index) => `"k${index}":1`).join()}}}`,
  ])('that has to be parsed: %s', (json) => {
    expect(isPlain(json)).toBe(false);
  });

  test('is never passed on broken: whatever byte of it is another', () => {
    const json = '{"kind":"k","detail":"d","extra":{"a":1,"b":"c","d":true,"e":-10,"f":null}}';
    for (let at = 0; at < json.length; at++) {
      for (const char of '"{}[]:,\\019-.eabdn \n') {
        const changed = json.slice(0, at) + char + json.slice(at + 1);
        // Names that are numbers come first in an object.
        if (isPlain(changed)) expect(JSON.stringify(JSON.parse(changed))).toHaveLength(changed.length);
      }
    }
  });
});
