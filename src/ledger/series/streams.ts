import { attributesKey } from './attributes.ts';
import type { StreamInfo } from './observation.ts';

/** Tells streams apart. The description is no part: it may change with a version of the source. */
export function streamKey({ resource, scope, name, unit, kind }: StreamInfo): string {
  const of = [name, unit, kind, scope.name, scope.version].map((text) => JSON.stringify(text)).join('');
  return `${of}\0${attributesKey(scope.attributes)}\0\0${attributesKey(resource)}`;
}
