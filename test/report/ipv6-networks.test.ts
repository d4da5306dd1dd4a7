import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cidr, formatCidr, parseCidr } from '../../src/report/cidr.ts';
import { scanReport } from '../../src/report/fast-path.ts';
import { ipv6, readIpv6 } from '../../src/report/ipv6-network.ts';
import { IPV6 } from '../../src/report/packed.ts';
import { ReportChunk } from '../../src/report/report-chunk.ts';

const group = fc.oneof(
  fc.constant('0'),
  fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)),
  fc.constantFrom('ABCD', '00ff', '12345', '', 'g'),
);
const prefix = fc.oneof(fc.integer({ min: 0, max: 129 }).map(String), fc.constantFrom('', '064', '1000', '-1', '6 4'));
const canonical = fc
  .tuple(fc.array(fc.constantFrom(0, 0, 0xffff0000, 1, 0x20010db8), { minLength: 4, maxLength: 4 }), fc.nat(128))
  .map(([words, bits]) => formatCidr({ ipv6: true, prefix: bits, words: words as Cidr['words'] }));
const text = fc.oneof(
  canonical,
  fc
    .tuple(
      fc.array(group, { maxLength: 9 }),
      fc.array(group, { maxLength: 9 }),
      fc.constantFrom('::', ':', ':::', ''),
      prefix,
    )
    .map(([head, tail, middle, bits]) => `${head.join(':')}${middle}${tail.join(':')}/${bits}`),
);

function scan(cidr: string): Cidr | null {
  const report = `{"action":"add","policy":"drop","entry":{"creation":1,"cidr":"${cidr}","tag":null,"expiration":0},"metadata":null}`;
  const bytes = Buffer.from(report);
  const chunk = new ReportChunk();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (scanReport(bytes, view, 0, bytes.length, chunk) < 0) return null;
  const [word0] = chunk.words;
  const ipv6 = (word0! & IPV6) !== 0;
  return { ipv6, prefix: (word0! >>> 8) & 0xff, words: [...chunk.words.subarray(5, ipv6 ? 9 : 6)] as Cidr['words'] };
}

test('an IPv6 network is what parseCidr says, however it is written', () => {
  fc.assert(
    fc.property(text, (cidr) => {
      expect(scan(cidr)).toEqual(parseCidr(cidr));
    }),
    { numRuns: 10_000 },
  );
});

test('a network that is printed as Rust and RFC 5952 have it is read without parseCidr, and without a string', () => {
  fc.assert(
    fc.property(canonical, (cidr) => {
      const bytes = Buffer.from(`"${cidr}"`);
      expect(readIpv6(bytes, 1, bytes.length)).toBe(bytes.length - 1);
      const { prefix, words } = parseCidr(cidr)!;
      expect([...ipv6]).toEqual([...words, prefix]);
    }),
    { numRuns: 1000 },
  );
});

test.each(['::/0', '::1/128', '2001:db8::/32', '1:2:3:4:5:6:7:8/128', '1:2:3:4:5:6:7::/112', '::2:3:4:5:6:7:8/128'])(
  '%s, cut off anywhere, is left alone',
  (cidr) => {
    expect(scan(cidr)).toEqual(parseCidr(cidr));
    const report = Buffer.from(`{"action":"add","policy":"drop","entry":{"creation":1,"cidr":"${cidr}","tag":null,`);
    for (let n = 0; n <= report.length; n++) {
      const view = new DataView(report.buffer, report.byteOffset, n);
      expect(scanReport(report.subarray(0, n), view, 0, n, new ReportChunk())).toBe(-1);
    }
  },
);
