import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '../../src/report/cidr.ts';

/** Every way in which it may lie in a file. */
function forms(address: string): [name: string, bytes: Buffer][] {
  const words = parseAddress(address)!.words as readonly number[];
  const packed = (write: (into: Buffer, word: number, at: number) => void) => {
    const into = Buffer.alloc(4 * words.length);
    for (const [i, word] of words.entries()) write(into, word, 4 * i);
    return into;
  };
  const base64 = [0, 1, 2].map((before): [string, Buffer] => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${address}`).toString('base64');
    return [
      `Base64 after ${before}`,
      Buffer.from(encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + address.length) * 8) / 6))),
    ];
  });
  const all: [string, Buffer][] = [
    ['text', Buffer.from(address)],
    ['words, low byte first', packed((into, word, at) => into.writeInt32LE(word, at))],
    ['words, high byte first', packed((into, word, at) => into.writeInt32BE(word, at))],
    ...base64,
  ];
  // A slot that is free has something else where its address began.
  if (words.length > 1) all.push(['last words', all[1]![1].subarray(-8)]);
  return all;
}

/** Files of a data directory that hold an address in any form. */
export function found(directory: string, ...addresses: string[]): string[] {
  return readdirSync(directory)
    .filter((name) => name !== 'admin.sock')
    .flatMap((name) => {
      const bytes = readFileSync(join(directory, name));
      return addresses.flatMap((address) =>
        forms(address)
          .filter(([, form]) => bytes.includes(form))
          .map(([form]) => `${address} in ${name} as ${form}`),
      );
    });
}
