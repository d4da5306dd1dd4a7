import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ecsText } from '../../src/events/formats/ecs.ts';
import { addedEvent, expiredEvent, quarantinedEvent } from '../support/sample-events.ts';

interface Mapping {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Mapping>>;
}

const read = (name: string) => JSON.parse(readFileSync(`deploy/elasticsearch/${name}`, 'utf8'));

function leaves({ type, properties }: Mapping, path = ''): [string, string][] {
  if (type !== undefined) return [[path, type]];
  return Object.entries(properties ?? {}).flatMap(([name, mapping]) =>
    leaves(mapping, path ? `${path}.${name}` : name),
  );
}

function fieldsOf(value: unknown, mapped: ReadonlyMap<string, string>, path = ''): string[] {
  if (mapped.has(path) || typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => fieldsOf(member, mapped, path ? `${path}.${name}` : name));
}

const common = new Map(leaves(read('couic-events-mappings.json').template.mappings));

test.each([
  ['elasticsearch', 'flattened'],
  ['opensearch', 'flat_object'],
])('with the template of %s, every field of every event has a type', (product, extra) => {
  const mapped = new Map([...common, ...leaves(read(`${product}/couic-events-own.json`).template.mappings)]);
  expect(mapped.get('couic.metadata.extra')).toBe(extra);
  const events = [
    addedEvent({ metadataCut: true }),
    expiredEvent({ network: { text: 'hmac-sha256:0', address: null, type: 'ipv4', form: 'pseudonym' } }),
    quarantinedEvent(),
  ];
  const routed = { type: 'logs', dataset: 'couic.events', namespace: 'default' };
  const fields = new Set(
    events.flatMap((event) => fieldsOf({ ...JSON.parse(ecsText(event)), data_stream: routed }, mapped)),
  );
  expect([...fields].filter((field) => !mapped.has(field))).toEqual([]);
  expect([...mapped.keys()].filter((field) => !fields.has(field))).toEqual([]);
});

test('a network is of a type that takes one, and a single address of one that finds it', () => {
  expect(common.get('couic.rule.network')).toBe('ip_range');
  expect(common.get('source.ip')).toBe('ip');
});

test('the page has every query', () => {
  const page = readFileSync('deploy/elasticsearch/README.md', 'utf8');
  for (const name of readdirSync('deploy/elasticsearch/queries')) expect(page).toContain(`(queries/${name})`);
});
