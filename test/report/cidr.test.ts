import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCidr, maskWord, parseAddress, parseCidr } from '../../src/report/cidr.ts';

/** The URL standard's own serializer, which is that of RFC 5952. */
const byUrl = (address: string) => new URL(`http://[${address}]`).hostname.slice(1, -1);

const part = fc.oneof(
  fc.constantFrom('0', '0', '0', '1', '00ff', 'ABCD', 'fffff', '', 'g', '1.2.3.4', '256.1.1.1', '01.2.3.4', '1.2.3'),
  fc.integer({ min: 0, max: 0xffff }).map((group) => group.toString(16)),
);
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.array(fc.constantFrom('0', '0', '1', 'a'), { minLength: 8, maxLength: 8 }).map((parts) => parts.join(':')),
  fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
  fc
    .tuple(fc.array(part, { maxLength: 8 }), fc.array(part, { maxLength: 8 }))
    .map(([head, tail]) => `${head.join(':')}::${tail.join(':')}`),
);

test('an address is what Node takes for one, and is written as a URL writes it', () => {
  fc.assert(
    fc.property(address, (text) => {
      const single = parseAddress(text);
      expect(single === null, text).toBe(!isIPv4(text) && !isIPv6(text));
      if (single === null) return;
      expect(formatCidr(single)).toBe(single.ipv6 ? `${byUrl(text)}/128` : `${text}/32`);
      expect(parseCidr(`${text}/${single.prefix}`)).toEqual(single);
    }),
    { numRuns: 3000 },
  );
});

test('bits beyond the prefix are cleared, and no others', () => {
  const bits = (words: readonly number[]) => words.map((word) => (word >>> 0).toString(2).padStart(32, '0')).join('');
  for (const [ones, most] of [
    ['255.255.255.255', 32],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 128],
  ] as const) {
    for (let prefix = 0; prefix <= most; prefix++) {
      const cidr = parseCidr(`${ones}/${prefix}`)!;
      expect([cidr.prefix, bits(cidr.words)]).toEqual([prefix, '1'.repeat(prefix).padEnd(most, '0')]);
      expect(cidr.words.every((word) => word === (word | 0))).toBe(true);
    }
  }
  expect([maskWord(0xffff_ffff, 32), maskWord(0xffff_ffff, 33), maskWord(-1, -1)]).toEqual([-1, -1, 0]);
});

test.each(['33', '129', '-1', '+8', '08', '00', '', ' 8', '8 ', '1e1', '0x8', '1000', '8/8'])(
  'a prefix is none of: %s',
  (prefix) => {
    expect(parseCidr(`1.2.3.4/${prefix}`)).toBeNull();
    if (prefix !== '33') expect(parseCidr(`2001:db8::/${prefix}`)).toBeNull();
  },
);

test('a network has a prefix, an address needs none and may have one', () => {
  expect([parseCidr('1.2.3.4'), parseCidr('::1'), parseCidr('/8'), parseCidr('')]).toEqual([null, null, null, null]);
  expect(parseAddress('10.1.2.3/8')).toEqual(parseCidr('10.0.0.0/8'));
});
