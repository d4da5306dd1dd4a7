import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { counted } from '../../src/telemetry/counted.ts';

test.each<[parts: Parameters<typeof counted>, text: string]>([
  [[0, 'reports'], '0 reports'],
  [[1, 'reports'], '1 report'],
  [[2, 'reports'], '2 reports'],
  [[1, 'entries of the log'], '1 entry of the log'],
  [[1, 'copies'], '1 copy'],
  [[1, 'bytes'], '1 byte'],
  [[1, 'more requests'], '1 more request'],
  [[1, 'drop rules'], '1 drop rule'],
  [[1, 'events wait', 'event waits'], '1 event waits'],
  [[2, 'events wait', 'event waits'], '2 events wait'],
  [[1234, 'rules', undefined, '1,234'], '1,234 rules'],
])('%j is "%s"', (parts, text) => {
  expect(counted(...parts)).toBe(text);
});

/** What is counted in messages. */
const COUNTED =
  /\$\{(?![A-Z_]+\})[^{}]*\} (?:(?:more|added|data|drop|ignore) )?(bytes|copies|digests|entries|events|items|lines|packets|points|reports|requests|rules|windows)\b/g;
/** Of which there is never one: bounds; a policy and a family, not numbers. */
const OTHERS = [
  '${count(limit)} rules',
  '${replicas} copies',
  '${policy} rules',
  '${payload} bytes',
  '${bytes} bytes',
  '${this.#waiting.length} entries',
  '${held.ignore} ignore rules',
];

test('no message has a number before a plural by itself: of one it is wrong', () => {
  const files = execFileSync('git', ['ls-files', 'src/*.ts', 'plugins/*.ts'], { encoding: 'utf8' }).trim().split('\n');
  expect(files.length).toBeGreaterThan(500);
  const found = files.flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(COUNTED), ([text]) => `${file}: ${text}`),
  );
  expect(found.filter((each) => !OTHERS.some((other) => each.endsWith(other)))).toEqual([]);
});
