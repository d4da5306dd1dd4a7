/** What gives the values of references. Both are arguments, so that tests need neither environment nor files. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws Error of node:fs when it cannot be read. */
  readFile(path: string): string;
  /** Told of every value that a reference gives, before anything looks into it. */
  seen?(value: string): void;
}

interface Expanded {
  readonly text: string;
  /** References in the text without their defaults: `${env:PORT}`. */
  readonly references: readonly string[];
  /** A variable or a file gave some of it. A default stands in the text itself, for whoever reads that. */
  readonly given: boolean;
  /** The text is one reference and nothing else: YAML decides what its value is. */
  readonly whole: boolean;
  readonly errors: readonly string[];
  /** The text has captures, `${attributes:NAME}`: what they stand for, each series says. They are left as they are. */
  readonly captures?: true;
}

/** What captures are of. */
const CAPTURE = /^(attributes|resource|scope):/;

export const UNKNOWN_REFERENCE = `unknown reference: there are \${env:NAME} and \${file:PATH}`;
/** References that a Collector has besides: what to do instead. */
const FETCHES = `the bridge fetches no configuration: have it fetched into a file first, and write \${file:PATH}`;
const COLLECTOR_REFERENCES: ReadonlyMap<string, string> = new Map([
  ['yaml', `there is no \${yaml:…}: write the value itself in its place`],
  ['http', FETCHES],
  ['https', FETCHES],
]);
const UNCLOSED = `a reference "\${" has no closing "}"; for the characters themselves write "$\${"`;
const BAD_NAME = `a variable has a name of letters, digits and "_", as in \${env:NAME} or \${env:NAME:-default}`;
/** Directories that systemd gives to a unit, in a list with colons where it has several: the first one is meant. */
const SYSTEMD_LISTS = new Set([
  'STATE_DIRECTORY',
  'CACHE_DIRECTORY',
  'LOGS_DIRECTORY',
  'RUNTIME_DIRECTORY',
  'CONFIGURATION_DIRECTORY',
]);
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${env:VAR}`, `${env:VAR:-default}`, `${VAR}` and `${file:PATH}`; `$$` is a dollar. References nest, from the
 * inside out: `${file:${env:CREDENTIALS_DIRECTORY}/key}`. What a reference gives is not searched for references again.
 */
export function expand(input: string, sources: ReferenceSources): Expanded {
  let captures = false as boolean;
  let isGiven = false as boolean;
  const references: string[] = [];
  const errors: string[] = [];
  let index = 0;

  /** Undefined when a nested reference is not closed. */
  function scan(nested: boolean): string | undefined {
    let text = '';
    while (index < input.length) {
      if (input.startsWith('$$', index)) {
        text += '$';
        index += 2;
      } else if (input.startsWith('${', index)) {
        index += 2;
        const body = scan(true);
        if (body !== undefined) text += resolve(body);
      } else if (nested && input[index] === '}') {
        index += 1;
        return text;
      } else {
        text += input[index];
        index += 1;
      }
    }
    if (!nested) return text;
    if (errors.length === 0) errors.push(UNCLOSED);
    return undefined;
  }

  function resolve(body: string): string {
    if (CAPTURE.test(body)) {
      captures = true;
      return `\${${body}}`;
    }
    const file = /^file:(.*)$/s.exec(body)?.[1];
    if (file !== undefined) return readFile(file);
    const [, scheme, name = '', fallback] = /^(?:(env):)?(.*?)(?::-(.*))?$/s.exec(body) ?? [];
    if (ENV_NAME.test(name)) return readEnv(name, fallback);
    const other = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(name)?.[1];
    // The body may hold what an inner reference gave, so that only a known good part of it is shown.
    if (scheme !== undefined || other === undefined) errors.push(BAD_NAME);
    else errors.push(COLLECTOR_REFERENCES.get(other) ?? UNKNOWN_REFERENCE);
    return '';
  }

  function readEnv(name: string, fallback: string | undefined): string {
    references.push(`\${env:${name}}`);
    const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
    if (value !== undefined) return given(SYSTEMD_LISTS.has(name) ? value.split(':')[0]! : value);
    if (fallback !== undefined) return SYSTEMD_LISTS.has(name) ? fallback.split(':')[0]! : fallback;
    errors.push(`environment variable ${name} is not set: set it, or give a default: \${env:${name}:-default}`);
    return '';
  }

  function given(value: string): string {
    isGiven = true;
    sources.seen?.(value);
    return value;
  }

  function readFile(path: string): string {
    references.push(`\${file:${path}}`);
    try {
      return given(sources.readFile(path).replace(/\r?\n$/, ''));
    } catch (error) {
      errors.push(`cannot read the file of \${file:${path}}: ${reason(error)}`);
      return '';
    }
  }

  const text = scan(false) ?? '';
  return {
    text,
    references,
    given: isGiven,
    whole: isWhole(input),
    errors,
    ...(captures && { captures: true as const }),
  };
}

/** Whether the first `${` closes at the very end. */
function isWhole(input: string): boolean {
  if (!input.startsWith('${') || !input.endsWith('}')) return false;
  let depth = 0;
  for (let index = 0; index < input.length; index++) {
    if (input.startsWith('$$', index)) index++;
    else if (input.startsWith('${', index)) depth++;
    else if (input[index] === '}' && --depth === 0) return index === input.length - 1;
  }
  return false;
}

/** Why a file cannot be read, in words. */
export function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return `no permission to read it (running as uid ${process.getuid?.() ?? '?'})`;
    case 'EISDIR':
      return 'it is a directory';
    default:
      return (error as Error).message;
  }
}
