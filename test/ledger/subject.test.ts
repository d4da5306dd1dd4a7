import { describe, expect, it } from 'vitest';
import { Subject } from '../../src/ledger/subject.ts';

function scrubbed(subject: Subject, text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  subject.scrub(bytes);
  return bytes.toString('utf8');
}

describe('an address', () => {
  const subject = new Subject({ network: '192.0.2.1' });
  it.each([
    ['from 192.0.2.1, twice 192.0.2.1.', 'from          , twice          .'],
    ['192.0.2.1:443', '         :443'],
    ['"192.0.2.1/32"', '"         /32"'],
    ['192.0.2.10 192.0.2.1 1192.0.2.1', '192.0.2.10           1192.0.2.1'],
    ['192.000.002.001', '               '],
    ['10.192.0.2.1', '10.         '],
    ['::ffff:192.0.2.1 and ::ffff:c000:201', '::ffff:          and                '],
    ['é 192.0.2.1 é', 'é           é'],
    ['192.0.3.1 1.2.3 12:30:45', '192.0.3.1 1.2.3 12:30:45'],
  ])('goes out of "%s"', (text, left) => {
    expect(scrubbed(subject, text)).toBe(left);
    expect(subject.isIn(text)).toBe(text !== left);
  });

  it('goes out of Base64, wherever it begins in it', () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const left = scrubbed(subject, Buffer.from(`${before}192.0.2.1`).toString('base64'));
      expect(Buffer.from(left, 'base64').toString('latin1')).not.toContain('92.0.2.');
    }
  });
});

describe('an address of IPv6', () => {
  const subject = new Subject({ network: '2001:db8::1' });
  it.each([
    ['2001:db8::1', '           '],
    ['[2001:DB8::1]:443', '[           ]:443'],
    ['at 2001:db8:0:0:0:0:0:1.', 'at                     .'],
    ['addr:2001:db8::1', 'addr:           '],
    ['2001:db8::1/128', '           /128'],
    ['2001:db8::12 2001:db8::', '2001:db8::12 2001:db8::'],
  ])('goes out of "%s"', (text, left) => {
    expect(scrubbed(subject, text)).toBe(left);
  });
});

it('a network goes with all that is in it', () => {
  const subject = new Subject({ network: '192.0.2.77/24' });
  expect(scrubbed(subject, '192.0.2.1 192.0.2.255 192.0.3.0 2001:db8::1')).toBe(
    '                      192.0.3.0 2001:db8::1',
  );
});

it('a tag goes as a word', () => {
  const subject = new Subject({ tag: 'alice' });
  expect(scrubbed(subject, '"alice" alice-2 malice alice')).toBe('"     " alice-2 malice      ');
  expect(Subject.fromNote(subject.note).tag).toBe('alice');
  expect(Subject.fromNote(new Subject({ network: '192.0.2.1' }).note).text).toBe('192.0.2.1/32');
});

it('what is no address is refused', () => {
  expect(() => new Subject({ network: '192.0.2' })).toThrow('that is no address and no network');
});
