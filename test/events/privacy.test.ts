import { expect, test } from 'vitest';
import type { QuarantineEvent, RuleEvent } from '../../src/events/event.ts';
import { checkKey, redaction } from '../../src/events/privacy.ts';
import { optionsOf } from './harness.ts';

const rule: RuleEvent = {
  id: 'log-0-1-0',
  name: 'couic.rule.added',
  time: 1,
  observedTime: 2,
  instance: 'edge',
  policy: 'drop',
  network: { text: '192.0.2.77/32', address: '192.0.2.77', type: 'ipv4', form: 'plain' },
  tag: 'ssh',
  creation: 1,
  expiration: null,
  lifetime: null,
  metadata: { kind: 'k', detail: 'from 192.0.2.77', extra: { peer: '192.0.2.77' } },
  metadataCut: true,
};
const quarantined: QuarantineEvent = {
  id: 'log-0-1-q0',
  name: 'couic.report.quarantined',
  time: 1,
  observedTime: 2,
  instance: 'edge',
  reason: 'bad_tag',
  text: '192.0.2.77',
};
const key = Buffer.alloc(32, 7);

test.each([
  ['keep', rule.network, rule.metadata],
  ['truncate', { text: '192.0.2.0/24', address: null, type: 'ipv4', form: 'truncated' }, null],
  [
    'hmac',
    { text: 'hmac-sha256:e2c548dd791dfe9cfb17726f51069993', address: null, type: 'ipv4', form: 'pseudonym' },
    null,
  ],
  ['drop', null, null],
])('addresses: %s', (addresses, network, metadata) => {
  const options = optionsOf({ addresses, ...(addresses === 'hmac' && { hmac_key_file: 'k' }) });
  const shown = redaction(options, key)(rule);
  expect(shown).toEqual({ ...rule, network, metadata, metadataCut: metadata !== null });
  const isKept = addresses === 'keep';
  expect(JSON.stringify(shown).includes('192.0.2.77')).toBe(isKept);
  expect(redaction(options, key)(quarantined)).toEqual(isKept ? quarantined : { ...quarantined, text: null });
});

test('a larger network than the bound stays as it is, and IPv6 has a bound of its own', () => {
  const shown = (text: string, type: 'ipv4' | 'ipv6') => {
    const network = { text, address: null, type, form: 'plain' } as const;
    const event = redaction(optionsOf({ addresses: 'truncate' }))({ ...rule, network });
    return (event as RuleEvent).network?.text;
  };
  expect(shown('10.0.0.0/8', 'ipv4')).toBe('10.0.0.0/8');
  expect(shown('2001:db8:1:2::3/128', 'ipv6')).toBe('2001:db8:1::/48');
});

test('one network is one pseudonym under one key, and another under another', () => {
  const options = optionsOf({ addresses: 'hmac', hmac_key_file: 'k' });
  const shown = (bytes: Uint8Array) => (redaction(options, bytes)(rule) as RuleEvent).network?.text;
  expect(shown(key)).toBe(shown(Buffer.from(key)));
  expect(shown(key)).not.toBe(shown(Buffer.alloc(32, 8)));
});

test('metadata that is asked for by name stays, with whatever its text holds', () => {
  const some = redaction(optionsOf({ addresses: 'truncate', metadata: ['kind', 'extra'] }))(rule) as RuleEvent;
  expect(some.metadata).toEqual({ kind: 'k', extra: { peer: '192.0.2.77' } });
  const none = redaction(optionsOf({ metadata: ['kind'] }))({ ...rule, metadata: { detail: 'd' } }) as RuleEvent;
  expect(none.metadata).toBeNull();
  expect(redaction(optionsOf({ metadata: 'drop' }))(quarantined)).toMatchObject({ text: null });
});

test('a key that can be guessed is refused', () => {
  expect(() => checkKey(Buffer.from('secret'), '/etc/key')).toThrow(
    'hmac_key_file: /etc/key has 6 bytes, and a key that cannot be guessed has at least 32: make one with "openssl rand -out /etc/key 32"',
  );
});
