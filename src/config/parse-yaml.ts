import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLParseError,
  type YAMLSeq,
} from 'yaml';
import { expand, type ReferenceSources } from './expand.ts';
import type { Path, Position, Problem } from './problem.ts';
import { referenceValue } from './reference-value.ts';
import type { Entry, TreeNode } from './tree.ts';

export interface YamlContext extends ReferenceSources {
  /** Takes every problem; parsing goes on where it can. */
  report(problem: Problem): void;
}

/**
 * Reads one YAML text with its `${…}` references into a tree with positions.
 * @param source - how messages name it. @param under - the path of a text that is a single value (`--set`): it has no lines.
 * @returns undefined when the text is not YAML; the problems are reported.
 */
export function parseYaml(text: string, source: string, context: YamlContext, under?: Path): TreeNode | undefined {
  const counter = new LineCounter();
  const at = (offset: number | undefined): Position =>
    under === undefined && offset !== undefined ? { source, line: counter.linePos(offset).line } : { source };
  try {
    return read(text, at, counter, context, under ?? []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.report({ severity: 'error', at: { source }, path: under ?? [], message: TOO_DEEP });
    return undefined;
  }
}

/** The library reads nested values by calling itself; a thousand levels are no configuration. */
const TOO_DEEP = 'YAML: lists and maps are nested too deep';

function read(
  text: string,
  at: (offset: number | undefined) => Position,
  counter: LineCounter,
  context: YamlContext,
  under: Path,
): TreeNode | undefined {
  // The library compares each key with each; the builder looks it up.
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    uniqueKeys: false,
  });
  // What follows a syntax error is mostly its echo.
  const [error, next] = document.errors;
  if (!error) return new Builder(anchorsOf(document), at, context).build(document.contents, under, at(0));
  const quote = unclosedQuote(document, error);
  const message = quote === undefined ? describe(error, next) : 'YAML: the quote that opens here is not closed';
  context.report({ severity: 'error', at: at(quote ?? error.pos[0]), path: under, message });
  return undefined;
}

/** Where the quote opens whose end is missing: the library tells where the text ends, or where it gave up. */
function unclosedQuote(document: Document, error: YAMLParseError): number | undefined {
  if (error.code !== 'MISSING_CHAR' || !/quote/.test(error.message)) return undefined;
  let opened: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      if (type?.startsWith('QUOTE_') && range && range[0] <= error.pos[0]) opened = range[0];
    },
  });
  return opened;
}

/**
 * The library's messages may quote the text, which may be a secret. Of the commonest mistakes they say what YAML's grammar
 * makes of them, not what was written.
 * @param next - the error after it, which tells two of these mistakes apart.
 */
function describe(error: YAMLParseError, next: YAMLParseError | undefined): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'YAML: indent with spaces, not with a tab';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return next?.code === 'MULTILINE_IMPLICIT_KEY'
        ? 'YAML: wrong indentation: what follows has to begin in the same column as this line; or the space after "-" is missing here'
        : 'YAML: a value in which ": " stands has to be quoted, and each key has a line of its own';
    case 'MULTILINE_IMPLICIT_KEY':
      return NO_COLON;
    case 'MISSING_CHAR':
      return error.message.startsWith('Implicit map keys') ? NO_COLON : plain(error);
    case 'BAD_INDENT':
      if (error.message.startsWith('Flow '))
        return `YAML: what ${error.message.endsWith(']') ? '"[" opens has to be closed with "]"' : '"{" opens has to be closed with "}"'} before this line, and all of it be indented`;
      return `YAML: wrong indentation (${error.message})`;
    case 'MULTIPLE_DOCS':
      return 'YAML: a file holds one document; for several files give --config several times';
    case 'RESOURCE_EXHAUSTION':
      return TOO_DEEP;
    case 'BAD_SCALAR_START':
      return 'YAML: quote a value that starts with a special character';
    default:
      return plain(error);
  }
}

const NO_COLON = 'YAML: this line is no "key: value": a colon, or the space after it, is missing';

function plain({ message }: YAMLParseError): string {
  return `YAML: ${message.replace(/: .*$/s, '').replace(/ at line.*$/s, '')}`;
}

/** What each alias stands for, found in one pass; `Alias.resolve` passes over the whole document for each. */
function anchorsOf(document: Document): ReadonlyMap<Alias, Node | undefined> {
  const last = new Map<string, Node>();
  const found = new Map<Alias, Node | undefined>();
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) found.set(node, last.get(node.source));
      else if ('anchor' in node && node.anchor) last.set(node.anchor, node);
    },
  });
  return found;
}

/** Values that all aliases of one text may stand for: far more than anybody writes, and built in no time. */
const MOST_COPIES = 20_000;

class Builder {
  readonly #anchors: ReadonlyMap<Alias, Node | undefined>;
  readonly #at: (offset: number | undefined) => Position;
  readonly #context: YamlContext;
  /** Anchored values that are being built, so that an alias inside of its own anchor ends. */
  readonly #open = new Set<Node>();
  #copies = 0;

  constructor(
    anchors: ReadonlyMap<Alias, Node | undefined>,
    at: (offset: number | undefined) => Position,
    context: YamlContext,
  ) {
    this.#anchors = anchors;
    this.#at = at;
    this.#context = context;
  }

  /** @param at - where an empty value stands, which has no position of its own. */
  build(node: unknown, path: Path, at: Position): TreeNode {
    // Aliases in what aliases stand for multiply: nine lines can make a billion values.
    if (this.#open.size > 0 && ++this.#copies > MOST_COPIES) return this.#tooMany(at, path);
    if (isAlias(node)) return this.#alias(node, path);
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) return this.#list(node, path);
    if (isScalar(node) && node.range) return this.#scalar(node.value, path, this.#at(node.range[0]));
    return { kind: 'scalar', value: null, at };
  }

  #alias(alias: Alias, path: Path): TreeNode {
    const at = this.#at(alias.range?.[0]);
    const target = this.#anchors.get(alias);
    if (target === undefined) {
      return this.#broken(
        at,
        path,
        'YAML: no anchor (&name) for this alias (*name); quote a value that starts with "*"',
      );
    }
    if (this.#open.has(target))
      return this.#broken(at, path, 'YAML: this alias stands for a value that it is a part of');
    this.#open.add(target);
    const built = this.build(target, path, at);
    this.#open.delete(target);
    return built;
  }

  #list(node: YAMLSeq, path: Path): TreeNode {
    const at = this.#at(node.range?.[0]);
    return { kind: 'list', at, items: node.items.map((item, index) => this.build(item, [...path, index], at)) };
  }

  #map(node: YAMLMap, path: Path): TreeNode {
    const at = this.#at(node.range?.[0]);
    const entries = new Map<string, Entry>();
    const merged: TreeNode[] = [];
    for (const { key, value } of node.items) {
      if (!isScalar(key) || key.value === null) {
        this.#broken(at, path, 'a key of a map is a plain word');
        continue;
      }
      const name = String(key.value);
      const keyAt = this.#at(key.range?.[0]);
      const built = this.build(value, [...path, name], keyAt);
      if (name === '<<' && key.type === 'PLAIN') merged.push(...(built.kind === 'list' ? built.items : [built]));
      else if (!entries.has(name)) entries.set(name, { keyAt, value: built });
      else if (this.#open.size === 0) this.#twice(name, keyAt);
    }
    // What the map says itself wins over what it takes in with a merge key (`<<: *defaults`), wherever that stands.
    for (const from of merged) {
      if (from.kind !== 'map') continue;
      for (const [name, entry] of from.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return { kind: 'map', at, entries };
  }

  #scalar(value: unknown, path: Path, at: Position): TreeNode {
    if (typeof value === 'string' && value.includes('$')) return this.#expanded(value, path, at);
    const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', value: known ? value : null, at };
  }

  #expanded(value: string, path: Path, at: Position): TreeNode {
    // As in a shell, and hardly ever what a value is.
    const [, name] = /^\$([A-Z_][A-Z0-9_]*)$/.exec(value) ?? [];
    if (name !== undefined)
      return this.#broken(at, path, `a variable is written \${env:${name}}; for the text itself write $$${name}`);
    const { text, references, given, whole, errors, captures } = expand(value, this.#context);
    if (errors.length > 0) return this.#broken(at, path, ...errors);
    const origin = references.length > 0 ? { from: references, given } : {};
    if (captures) return { kind: 'scalar', value: text, at, captures, ...origin };
    return whole && references.length > 0
      ? referenceValue(text, at, origin)
      : { kind: 'scalar', value: text, at, ...origin };
  }

  #twice(name: string, at: Position): void {
    const shown = /^[\w./-]*/.exec(name)?.[0];
    this.#context.report({ severity: 'error', at, path: [], message: `the key "${shown}" is in this map twice` });
  }

  #tooMany(at: Position, path: Path): TreeNode {
    if (this.#copies > MOST_COPIES + 1) return { kind: 'scalar', value: null, at, broken: true };
    const message = `YAML: aliases (*name) stand for more than ${MOST_COPIES} values: write out what is meant`;
    return this.#broken(at, path.slice(0, 3), message);
  }

  #broken(at: Position, path: Path, ...messages: string[]): TreeNode {
    for (const message of messages) this.#context.report({ severity: 'error', at, path, message });
    return { kind: 'scalar', value: null, at, broken: true };
  }
}
