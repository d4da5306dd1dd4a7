import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COUIC_METRICS, couicMapping, ITEM_GROUPS } from '../../plugins/exporters/crowdsec/couic-mapping.ts';
import type { SourcePoint } from '../../plugins/exporters/crowdsec/points.ts';
import { ATTR } from '../../src/telemetry/names.ts';

/** As cscli writes them. */
const PLURALS: Readonly<Record<string, string>> = { byte: 'bytes', packet: 'packets', ip: 'IPs' };

/** An added drop rule, and traffic that was dropped: what all items are made of. */
const attributes = {
  [ATTR.instance]: 'paris',
  [ATTR.action]: 'add',
  [ATTR.policy]: 'drop',
  [ATTR.tag]: 'ssh',
  [ATTR.networkType]: 'ipv4',
  [ATTR.xdpAction]: 'XDP_DROP',
};

test('docs/crowdsec.md says of each item what it is', () => {
  const mapping = couicMapping({ items: ITEM_GROUPS, unit: 'report', origins: [] });
  const items = [...COUIC_METRICS].flatMap((metric) => {
    const said = mapping({ metric, attributes, value: 1, source: 'paris' } as unknown as SourcePoint);
    expect(said, `${metric} gives no item of an added drop rule: say here of what it does`).toBeDefined();
    return [said!].flat();
  });
  expect(items.length).toBeGreaterThan(5);
  const page = readFileSync('docs/crowdsec.md', 'utf8');
  const first = page.split('\n').map((line) => line.split('|')[1] ?? '');
  const missing = items
    .map(({ name, unit }) => ({ name: `\`${name}\``, unit: `\`${PLURALS[unit] ?? unit}\`` }))
    .filter(({ name, unit }) => !first.some((cell) => cell.includes(name) && cell.includes(unit)));
  expect(missing, 'docs/crowdsec.md, "What each number means", needs a row of it').toEqual([]);
});
