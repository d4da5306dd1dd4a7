import type { AnyFactory, Conflict } from '../service/component.ts';
import type { ConfiguredComponent, Kind } from './bridge-config.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';

const WILDCARDS = new Set(['0.0.0.0', '::']);

interface FoundConflict extends Conflict {
  readonly kind: Kind;
}

/** What each component alone has right, and several together have wrong. */
export function findConflicts(components: readonly ConfiguredComponent<AnyFactory>[]): FoundConflict[] {
  const byFactory = new Map<AnyFactory, ConfiguredComponent<AnyFactory>[]>();
  for (const each of components) byFactory.set(each.factory, [...(byFactory.get(each.factory) ?? []), each]);
  return [
    ...[...byFactory].flatMap(([factory, all]) =>
      (factory.conflicts?.(all) ?? []).map((conflict) => ({ ...conflict, kind: factory.kind })),
    ),
    ...sharedPlaces(components),
  ];
}

/** Two listeners cannot have one port, whatever the order in which they would ask for it. */
function* sharedPlaces(components: readonly ConfiguredComponent<AnyFactory>[]): Generator<FoundConflict> {
  const taken: { readonly id: string; readonly endpoint: Endpoint }[] = [];
  for (const { id, factory, config } of components) {
    for (const endpoint of [factory.listensOn?.(config) ?? []].flat()) {
      if (endpoint.port === 0) continue;
      const other = taken.find((each) => overlap(each.endpoint, endpoint));
      if (other) {
        const message = `${formatEndpoint(endpoint)} is where "${other.id}" listens already (${formatEndpoint(other.endpoint)}): give one of them another port`;
        yield { id, kind: factory.kind, message };
      }
      taken.push({ id, endpoint });
    }
  }
}

function overlap(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && (a.host === b.host || WILDCARDS.has(a.host) || WILDCARDS.has(b.host));
}
