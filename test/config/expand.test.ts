import { expect, test } from 'vitest';
import { expand } from '../../src/config/expand.ts';

const sources = {
  env: {
    NAME: 'edge',
    EMPTY: '',
    REF: '${env:NAME}',
    DIR: '/run/creds',
    STATE_DIRECTORY: '/var/lib/a:/var/lib/b',
    PATH: '/bin:/sbin',
  },
  readFile: (path: string) => {
    if (path === '/run/creds/key') return 'pa$$word\r\n';
    throw Object.assign(new Error('open failed'), { code: 'EACCES' });
  },
};

test.each([
  ['no reference', 'no reference'],
  ['a ${env:NAME} b ${NAME}', 'a edge b edge'],
  ['${env:EMPTY:-default}', ''],
  ['${env:UNSET:-}', ''],
  ['${env:UNSET:-http://127.0.0.1:8080}', 'http://127.0.0.1:8080'],
  ['${UNSET:-${env:NAME}}', 'edge'],
  ['${env:toString:-inherited is not set}', 'inherited is not set'],
  ['${file:${env:DIR}/key}', 'pa$$word'],
  ['${env:STATE_DIRECTORY:-./data}', '/var/lib/a'],
  ['${env:PATH}', '/bin:/sbin'],
  ['$${env:NAME}', '${env:NAME}'],
  ['$NAME costs 5$', '$NAME costs 5$'],
  ['a$$b$$$$c', 'a$b$$c'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, sources)).toMatchObject({ text: expected, errors: [] });
});

test('what a reference gives is not searched for references', () => {
  expect(expand('${env:REF}', sources)).toEqual({
    text: '${env:NAME}',
    references: ['${env:REF}'],
    given: true,
    whole: true,
    errors: [],
  });
});

test.each([
  ['${env:UNSET:-default}', false],
  ['${env:UNSET:-}', false],
  ['${env:NAME:-default}', true],
  ['${env:EMPTY:-default}', true],
  ['${env:UNSET:-${env:NAME}}', true],
  ['${env:UNSET:-${env:UNSET_TOO:-default}}', false],
  ['${env:UNSET:-default}${file:/run/creds/key}', true],
])('%s: a variable or a file gave some of it: %s', (text, given) => {
  const seen: string[] = [];
  expect(expand(text, { ...sources, seen: (value) => void seen.push(value) }).given).toBe(given);
  expect(seen.length > 0).toBe(given);
});

test.each([
  ['${env:NAME}', true],
  ['${env:UNSET:-${env:NAME}}', true],
  ['${env:NAME}${env:NAME}', false],
  [' ${env:NAME}', false],
  ['$${env:NAME}', false],
])('%s alone is a whole value: %s', (text, whole) => {
  expect(expand(text, sources).whole).toBe(whole);
});

test('every reference that gives nothing is told; one that is not closed once', () => {
  expect(expand('${env:A}${env:B}', sources).errors).toEqual([
    'environment variable A is not set: set it, or give a default: ${env:A:-default}',
    'environment variable B is not set: set it, or give a default: ${env:B:-default}',
  ]);
  expect(expand('${env:${env:A', sources).errors).toEqual([
    'a reference "${" has no closing "}"; for the characters themselves write "$${"',
  ]);
  expect(expand('${file:/etc/key}', sources).errors).toEqual([
    `cannot read the file of \${file:/etc/key}: no permission to read it (running as uid ${process.getuid?.()})`,
  ]);
});
