import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hecEvent } from '../../plugins/exporters/splunk_hec/hec-event.ts';
import { addedEvent, expiredEvent, quarantinedEvent } from '../support/sample-events.ts';

const read = (name: string) => readFileSync(`deploy/splunk/${name}`, 'utf8');

/** What Splunk makes of the JSON of all kinds of events, with `KV_MODE = json`. */
const sent = new Set(
  [addedEvent(), expiredEvent(), quarantinedEvent()].flatMap((event) =>
    fieldsOf(JSON.parse(hecEvent(event, { source: 's', sourcetype: 'couic:event' })).event),
  ),
);

function fieldsOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'object' ? fieldsOf(member, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

test('every field that the searches name is one that is sent', () => {
  const searches = [...read('savedsearches.conf').matchAll(/^search = (.*)$/gm)].map(([, search]) => search!);
  expect(searches).toHaveLength(5);
  for (const search of searches) {
    const named = [
      ...search.matchAll(/(?<!")\b([a-z_]+)=|\bBY ([a-z_, ]+)|dedup (\w+)|(?:median|perc95|values|latest)\((\w+)\)/g),
    ];
    const fields = named
      .flatMap(([, ...found]) => found.filter(Boolean).flatMap((text) => text.split(/[, ]+/)))
      .filter(Boolean);
    expect(fields.length).toBeGreaterThan(3);
    const own = new Set([...sent, 'index', 'sourcetype', 'limit', '_time']);
    expect(fields.filter((field) => !own.has(field))).toEqual([]);
  }
});

test('so is every field that gets another name', () => {
  const aliases = [...read('props.conf').matchAll(/^FIELDALIAS-\w+ = (\S+) ASNEW/gm)].map(([, field]) => field!);
  expect(aliases).toHaveLength(5);
  expect(aliases.filter((field) => !sent.has(field))).toEqual([]);
  expect(sent).toContain('metadata.kind');
});
