import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { knownKeys } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/config/problem.ts';

const SECRET = 'hunter2-topsecret';

/** What no option means, or few; the one that comes from the environment may be in no message. */
const WRONG = [
  '8000',
  'true',
  'null',
  '-1',
  '""',
  '[]',
  '{}',
  '[[]]',
  '{a: {b: 1}}',
  '[null]',
  '"http://"',
  '"::"',
  `"\${env:SECRET}"`,
  `["\${env:SECRET}"]`,
  `{"\${env:SECRET}": "\${env:SECRET}"}`,
];

const problemsOf = (section: string, type: string, option: string, value: string): string => {
  const configuration = `${section}: {${type}: {${option}: ${value}}}\n`;
  try {
    loadConfig({
      configs: ['a.yaml'],
      sets: [],
      env: { SECRET },
      readFile: () => configuration,
      factories,
    });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw new Error(`${configuration}: ${(error as Error).stack}`, { cause: error });
  }
  return '';
};

const cases = factories.map(({ kind, type, schema }) => [`${kind}s`, type, knownKeys(schema, [])] as const);

test.each(cases)(
  '%s::%s: whatever an option is given, the answer is in words, and shows no secret',
  (section, type, options) => {
    for (const option of options) {
      for (const value of WRONG) {
        const said = problemsOf(section, type, option, value);
        // The rest of the configuration is missing, so there is always something to say.
        expect(said).toContain('is required');
        expect(said, `${option}: ${value}`).not.toContain(SECRET);
      }
    }
  },
);
