import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subjectOf, topicOf } from '../../../src/log/jetstream/subjects.ts';

test.each([
  ['ledger', 'log.ledger'],
  ['couic/paris', 'log.couic.paris'],
  ['exporter/crowdsec/edge-2', 'log.exporter.crowdsec.edge-2'],
  ['couic/a.b *>', 'log.couic.a=2eb=20=2a=3e'],
  ['couic/é=', 'log.couic.=c3=a9=3d'],
  ['couic/', 'log.couic.='],
])('the topic %s is the subject %s', (topic, subject) => {
  expect(subjectOf('log', topic)).toBe(subject);
  expect(topicOf('log', subject)).toBe(topic);
});

test('any topic is one subject that the server takes, and comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (name) => {
      const subject = subjectOf('log', `couic/${name}`);
      expect(subject).toMatch(/^log(\.[A-Za-z0-9_=-]+)+$/);
      expect(topicOf('log', subject)).toBe(`couic/${Buffer.from(name).toString()}`);
    }),
    { numRuns: 100 },
  );
});
