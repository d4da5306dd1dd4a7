import type { Attributes } from '@opentelemetry/api';
import type { SourcePoint } from '../points.ts';

/** Where an attribute is: of the series, of whoever measured, of the library that did. */
interface AttributePath {
  readonly of: 'attributes' | 'resource' | 'scope';
  readonly name: string;
}

/** `${attributes:NAME}`, `${resource:NAME}`, `${scope:NAME}`, each with `:-` and what stands in place of one that is missing. */
const CAPTURE = /\$\{(attributes|resource|scope):([^}]*?)(?::-([^}]*))?\}/g;

type Part = string | { readonly path: AttributePath; readonly fallback: string | undefined };

/** Text with captures. */
export class Template {
  readonly #parts: readonly Part[];
  /** Characters of what stands outside of captures. */
  readonly length: number;

  constructor(text: string) {
    const parts: Part[] = [];
    let end = 0;
    for (const match of text.matchAll(CAPTURE)) {
      if (match.index > end) parts.push(text.slice(end, match.index));
      const [whole, of, name, fallback] = match;
      parts.push({ path: { of: of as AttributePath['of'], name: name! }, fallback });
      end = match.index + whole.length;
    }
    if (end < text.length) parts.push(text.slice(end));
    this.#parts = parts;
    this.length = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
  }

  /** Whether it is the same for all series. */
  get isFixed(): boolean {
    return this.#parts.every((part) => typeof part === 'string');
  }

  /** Names that are empty: `${attributes:}`. */
  get hasNameless(): boolean {
    return this.#parts.some((part) => typeof part !== 'string' && part.path.name === '');
  }

  /** @returns undefined when the series lacks what a capture asks for. */
  of(point: SourcePoint): string | undefined {
    let text = '';
    for (const part of this.#parts) {
      const value = typeof part === 'string' ? part : (attributeOf(point, part.path) ?? part.fallback);
      if (value === undefined) return undefined;
      text += value;
    }
    return text === '' ? undefined : text;
  }
}

/** As text; undefined when it is missing or empty. */
export function attributeOf(
  { attributes, resource, scope }: SourcePoint,
  { of, name }: AttributePath,
): string | undefined {
  if (of === 'attributes') return textOf(attributes, name);
  if (of === 'resource') return textOf(resource, name);
  const own = textOf(scope.attributes ?? {}, name);
  if (own !== undefined || (name !== 'name' && name !== 'version')) return own;
  return scope[name] || undefined;
}

/** `resource:service.name` as a path; a key without a word before it is of the series. */
export function attributePath(key: string): AttributePath {
  const [, of, name] = /^(attributes|resource|scope):(.*)$/s.exec(key) ?? [];
  return of === undefined ? { of: 'attributes', name: key } : { of: of as AttributePath['of'], name: name! };
}

function textOf(attributes: Attributes, name: string): string | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
