import { describe, expect, test } from 'vitest';
import { couicText } from '../../../src/events/formats/couic.ts';
import { ecsText } from '../../../src/events/formats/ecs.ts';
import { addedEvent, expiredEvent, quarantinedEvent } from '../../support/sample-events.ts';

const shown = (event: Parameters<typeof ecsText>[0]) => JSON.parse(ecsText(event));

test('a block of one address', () => {
  expect(shown(addedEvent())).toEqual({
    '@timestamp': '2026-11-26T10:00:00.000Z',
    ecs: { version: '8.17.0' },
    message:
      'paris: 192.0.2.1/32 is blocked until 2026-11-26T11:00:00.000Z (ssh-bruteforce): Repeated connection attempts',
    observer: { name: 'paris', product: 'Couic', type: 'firewall', vendor: 'FCSC' },
    event: {
      id: '6f1c2d9a-3b1e-4d57-9d3c-0a4b5c6d7e8f-1a2b3c4d-42-0',
      action: 'couic.rule.added',
      kind: 'event',
      category: ['network'],
      type: ['denied', 'start'],
      outcome: 'success',
      created: '2026-11-26T10:00:00.250Z',
      start: '2026-11-26T10:00:00.000Z',
      dataset: 'couic.events',
      module: 'couic',
    },
    rule: { name: 'ssh-bruteforce', ruleset: 'drop' },
    network: { type: 'ipv4' },
    source: { address: '192.0.2.1', ip: '192.0.2.1' },
    related: { ip: ['192.0.2.1'] },
    couic: {
      instance: { name: 'paris' },
      rule: {
        policy: 'drop',
        network: '192.0.2.1/32',
        network_form: 'plain',
        creation: '2026-11-26T10:00:00.000Z',
        expiration: '2026-11-26T11:00:00.000Z',
      },
      metadata: {
        kind: 'automated',
        detail: 'Repeated connection attempts',
        extra: { attempts: 156, scan_type: 'SYN' },
      },
    },
  });
});

test('its end', () => {
  const { event, couic, message } = shown(expiredEvent());
  expect(message).toBe('paris: 192.0.2.1/32 is no longer blocked after 3600 s: expired (ssh-bruteforce)');
  expect(event).toMatchObject({
    action: 'couic.rule.expired',
    type: ['end'],
    start: '2026-11-26T10:00:00.000Z',
    end: '2026-11-26T11:00:00.000Z',
    duration: 3_600_000_000_000,
  });
  expect(couic.rule.lifetime).toBe(3600);
  expect(couic.metadata).toBeUndefined();
});

test('times that are none are left out, and what is left is JSON', () => {
  const odd = addedEvent({ time: Number.NaN, creation: Number.NaN, expiration: Number.NaN, lifetime: Number.NaN });
  expect(shown(odd).couic.rule).toEqual({ policy: 'drop', network: '192.0.2.1/32', network_form: 'plain' });
  expect(JSON.parse(couicText(odd))).not.toHaveProperty('lifetime_seconds');
});

test('a report that was not valid', () => {
  const { event, couic, message, rule, source } = shown(quarantinedEvent());
  expect(event).toMatchObject({ kind: 'pipeline_error', outcome: 'failure', reason: 'bad_cidr' });
  expect(couic.report.text).toBe('{"action":"add","cidr":"192.0.2"}');
  expect(message).toBe('paris: a report was not valid: bad_cidr: {"action":"add","cidr":"192.0.2"}');
  expect([rule, source]).toEqual([undefined, undefined]);
});

describe('a network', () => {
  test('of more than one address is no source.ip', () => {
    const network = { text: '2001:db8::/48', address: null, type: 'ipv6', form: 'plain' } as const;
    const { source, couic, related } = shown(addedEvent({ network }));
    expect(source).toEqual({ address: '2001:db8::/48' });
    expect(related).toBeUndefined();
    expect(couic.rule.network).toBe('2001:db8::/48');
  });

  test.each([
    ['::ffff:102:304/128', '1.2.3.4/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::fffe:0:0/95', '::fffe:0:0/95'],
    ['2001:db8::/32', '2001:db8::/32'],
  ])('%s is %s in the field for networks', (text, range) => {
    const network = { text, address: null, type: 'ipv6', form: 'plain' } as const;
    expect(shown(addedEvent({ network })).couic.rule.network).toBe(range);
  });

  test('as a pseudonym is in no field that is to hold a network', () => {
    const network = { text: 'hmac-sha256:00ff', address: null, type: 'ipv4', form: 'pseudonym' } as const;
    const { source, couic, message } = shown(addedEvent({ network }));
    expect(source).toEqual({ address: 'hmac-sha256:00ff' });
    expect(couic.rule).not.toHaveProperty('network');
    expect(couic.rule.network_form).toBe('pseudonym');
    expect(message).toContain('hmac-sha256:00ff is blocked');
  });

  test('that is dropped is nowhere', () => {
    const { message, ...document } = shown(addedEvent({ network: null, metadata: null }));
    expect(message).toBe('paris: a network is blocked until 2026-11-26T11:00:00.000Z (ssh-bruteforce)');
    expect(Object.keys(document)).not.toEqual(expect.arrayContaining(['source']));
    expect(JSON.stringify(document)).not.toContain('192.0.2');
  });
});

describe('times', () => {
  test('that have no year of four digits are left out, and the time of the bridge stands for that of the event', () => {
    const far = 2 ** 63 * 1000;
    const document = shown(addedEvent({ time: far, creation: far, expiration: far, lifetime: far }));
    expect(document['@timestamp']).toBe('2026-11-26T10:00:00.250Z');
    expect(document.event).not.toHaveProperty('start');
    expect(document.event).not.toHaveProperty('duration');
    expect(document.couic.rule).not.toHaveProperty('expiration');
    expect(document.message).toContain('is blocked (ssh-bruteforce)');
  });
});

describe('metadata', () => {
  const metadataOf = (metadata: object) => shown(addedEvent({ metadata })).couic;

  test('has one type for each member, whatever was sent', () => {
    const { metadata } = metadataOf({ kind: 7, detail: ['a', { b: 1 }], extra: [1, 2] });
    expect(metadata).toEqual({ kind: '7', detail: '["a",{"b":1}]', extra: { value: [1, 2] } });
  });

  test('that is null or absent is left out', () => {
    expect(metadataOf({ kind: 'manual', detail: null, extra: null }).metadata).toEqual({ kind: 'manual' });
    expect(metadataOf({}).metadata).toEqual({});
  });

  test('nests as deep as a store takes it', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(7000)}1${'}'.repeat(7000)}`);
    const couic = metadataOf({ kind: deep, detail: deep, extra: deep });
    expect(couic.metadata_cut).toBe(true);
    expect(JSON.stringify(couic).length).toBeLessThan(1000);
  });

  test('has no more members than a store takes', () => {
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`k${index}`, [index]]));
    const couic = metadataOf({ extra: many });
    expect(Object.keys(couic.metadata.extra)).toHaveLength(500);
    expect(couic.metadata_cut).toBe(true);
    expect(metadataOf({ extra: { a: [1, 2], b: {} } }).metadata_cut).toBeUndefined();
  });

  test('is marked when it was cut before', () => {
    expect(shown(addedEvent({ metadataCut: true })).couic.metadata_cut).toBe(true);
    expect(shown(addedEvent()).couic).not.toHaveProperty('metadata_cut');
  });

  test('has no character that is refused, and keeps members of any name', () => {
    const { metadata } = metadataOf({
      detail: 'a\0b\ud800c',
      extra: JSON.parse('{"a\\u0000":"\\u0000","__proto__":1}'),
    });
    expect(metadata.detail).toBe('a\ufffdb\ufffdc');
    expect(JSON.stringify(metadata.extra)).toBe('{"a\ufffd":"\ufffd","__proto__":1}');
  });

  test('does not break the line of the message', () => {
    const { message, couic } = shown(addedEvent({ metadata: { detail: 'one\ntwo\u202e' } }));
    expect(message).toContain(': one\\ntwo\\u202e');
    expect(couic.metadata.detail).toBe('one\ntwo\u202e');
  });
});
