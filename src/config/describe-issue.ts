import { z } from 'zod';
import { counted } from '../telemetry/counted.ts';
import { hint, nearest } from './nearest.ts';

const WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
};

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return WORDS[typeof value] ?? typeof value;
}

/**
 * Says what is wrong in the words of the configuration file, where a schema says nothing itself.
 * No message holds the value: it may be a secret.
 */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return describeType(issue);
    case 'invalid_value': {
      if (issue.input === undefined) return 'is required';
      const values = issue.values.map(String);
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      const choice = values.length > 2 ? `one of ${values.join(', ')}` : values.join(' or ');
      return `expected ${choice}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
    }
    case 'too_small':
      return describeBound(issue.origin, 'at least', issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return describeBound(issue.origin, 'at most', issue.maximum, issue.inclusive !== false);
    case 'invalid_format':
      return issue.format === 'regex'
        ? `does not match ${issue.pattern}`
        : `is not a valid ${issue.format.toUpperCase()}`;
    case 'invalid_union':
      return issue.input === undefined ? 'is required' : `${kindOf(issue.input)} is not what this option takes`;
    default:
      return undefined;
  }
};

/** Ends what is said of a value that would do as a text. */
export const QUOTE_IT = ': put it in quotes';

function describeType({ expected, input, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  if (input === undefined) return 'is required';
  const wanted = `expected ${WORDS[expected] ?? expected}`;
  if (expected === 'int' && typeof input === 'number') return wanted;
  if (expected === 'boolean' && typeof input === 'string' && /^(yes|no|on|off)$/i.test(input)) {
    return `${wanted}: to YAML "${input}" is text`;
  }
  const isPlain = expected === 'string' && typeof input !== 'object';
  // Quotes alone lead to what the schema says of the text, if it has something to say.
  const said =
    isPlain && inst && '~standard' in inst
      ? z.core.safeParse(inst, String(input), { error: describeIssue }).error
      : undefined;
  return said?.issues[0]?.message ?? `${wanted}, not ${kindOf(input)}${isPlain ? QUOTE_IT : ''}`;
}

function describeBound(origin: string, word: string, bound: number | bigint, inclusive: boolean): string {
  if ((origin === 'string' || origin === 'array') && word === 'at least' && bound === 1) return 'must not be empty';
  if (!inclusive) return `must be ${word === 'at least' ? 'more' : 'less'} than ${bound}`;
  const unit = origin === 'string' ? ' characters long' : '';
  return origin === 'array' ? `takes ${word} ${counted(Number(bound), 'entries')}` : `must be ${word} ${bound}${unit}`;
}

/** `unknown option (did you mean "endpoint"?)`; its name is in the path. */
export function describeUnknownKey(key: string, known: readonly string[]): string {
  return `unknown option${hint(key, known)}`;
}
