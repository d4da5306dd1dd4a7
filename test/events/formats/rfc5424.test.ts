import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SyslogFormat, syslogMessage } from '../../../src/events/formats/rfc5424.ts';
import { parseSyslog } from '../../support/parse-syslog.ts';
import { addedEvent, expiredEvent, quarantinedEvent } from '../../support/sample-events.ts';

const format: SyslogFormat = {
  facility: 'local4',
  severity: 'notice',
  quarantine_severity: 'warning',
  hostname: 'edge.example',
  app_name: 'couic-otel-bridge',
  sd_id: 'couic@32473',
  max_message_size: 8192,
};
const textOf = (...args: Parameters<typeof syslogMessage>) => syslogMessage(...args).toString('utf8');

test('a block', () => {
  expect(textOf(addedEvent(), format)).toBe(
    '<165>1 2026-11-26T10:00:00.000Z edge.example couic-otel-bridge - couic.rule.added [couic@32473' +
      ' observed_time="2026-11-26T10:00:00.250Z" id="6f1c2d9a-3b1e-4d57-9d3c-0a4b5c6d7e8f-1a2b3c4d-42-0"' +
      ' name="couic.rule.added" action="added" instance="paris" policy="drop" network="192.0.2.1/32"' +
      ' address="192.0.2.1" network_type="ipv4" network_form="plain" tag="ssh-bruteforce"' +
      ' creation="2026-11-26T10:00:00.000Z" expiration="2026-11-26T11:00:00.000Z" kind="automated"' +
      ' detail="Repeated connection attempts" extra="{\\"attempts\\":156,\\"scan_type\\":\\"SYN\\"}"]' +
      ' paris: 192.0.2.1/32 is blocked until 2026-11-26T11:00:00.000Z (ssh-bruteforce): Repeated connection attempts',
  );
});

test('facility and severity, of a report that was not taken another one', () => {
  const other = { ...format, facility: 'authpriv', severity: 'info', quarantine_severity: 'err' } as const;
  expect(textOf(expiredEvent(), other).slice(0, 5)).toBe('<86>1');
  expect(textOf(quarantinedEvent(), other).slice(0, 5)).toBe('<83>1');
});

test('what is no ASCII is marked as UTF-8', () => {
  expect(textOf(addedEvent({ tag: 'né' }), format)).toContain('"] \ufeffparis: ');
  expect(textOf(addedEvent(), format)).not.toContain('\ufeff');
});

describe('whatever stood in a report', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(']', '"', '\\', '\n', '\r', '\0', '\u2028', '\u0085', ' ', 'a', '\ud800', '🙂', '['),
    }),
  );
  const free = fc.oneof(nasty, fc.jsonValue());

  test('it is one line, of bounded size, whose structured data is what was written', () => {
    fc.assert(
      fc.property(nasty, free, free, fc.integer({ min: 1024, max: 3000 }), (tag, detail, extra, size) => {
        const event = addedEvent({ tag, metadata: { kind: 'automated', detail, extra } });
        const bytes = syslogMessage(event, { ...format, max_message_size: size });
        expect(bytes.length).toBeLessThanOrEqual(size);
        const text = bytes.toString('utf8');
        expect(Buffer.from(text).equals(bytes)).toBe(true);
        expect(text).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        const { id, data } = parseSyslog(text);
        expect(id).toBe('couic@32473');
        expect(data).toMatchObject({ id: event.id, instance: 'paris', network: '192.0.2.1/32', kind: 'automated' });
      }),
    );
  });

  test('a detail that would end the structured data, the message, or the frame', () => {
    const detail = 'x"] forged [couic@32473 id="1"]\n<165>1 - - - - - second';
    const text = textOf(addedEvent({ metadata: { detail } }), format);
    expect(text.split('\n')).toHaveLength(1);
    expect(parseSyslog(text).data.detail).toBe('x"] forged [couic@32473 id="1"]\\n<165>1 - - - - - second');
  });
});

describe('a message that is too long', () => {
  test('keeps who, what and when, cuts text, leaves out what cannot be cut, and says so', () => {
    const metadata = { kind: 'automated', detail: 'd"'.repeat(5000), extra: { a: 'x'.repeat(5000) } };
    const bytes = syslogMessage(addedEvent({ metadata }), { ...format, max_message_size: 1400 });
    const { data, message } = parseSyslog(bytes.toString('utf8'));
    expect(bytes.length).toBeGreaterThan(1350);
    expect(bytes.length).toBeLessThanOrEqual(1400);
    expect(data).toMatchObject({ network: '192.0.2.1/32', tag: 'ssh-bruteforce', kind: 'automated', cut: 'true' });
    expect(data.detail).toMatch(/^(d")+d?…$/);
    expect(data).not.toHaveProperty('extra');
    expect(message).toMatch(/^\ufeffparis: 192\.0\.2\.1\/32 is blocked until .*…$/);
  });

  test('says so too when the bridge had not kept all of it', () => {
    expect(parseSyslog(textOf(addedEvent({ metadataCut: true }), format)).data.cut).toBe('true');
    expect(parseSyslog(textOf(addedEvent(), format)).data).not.toHaveProperty('cut');
  });
});
