import { expect, test } from 'vitest';
import type { Digest } from '../../../../plugins/exporters/digest/digest.ts';
import { discordMessage } from '../../../../plugins/exporters/digest/discord-message.ts';
import { periodName } from '../../../../plugins/exporters/digest/period.ts';
import { embedProblems } from '../../../support/discord/embed-limits.ts';

const ABOUT = { name: 'production-server', interval: 900_000, thresholds: { orange: 10, red: 100 } };
const DIGEST: Digest = {
  id: 'x',
  from: Date.UTC(2026, 10, 26, 10),
  to: Date.UTC(2026, 10, 26, 10, 15),
  level: 'orange',
  total: 42,
  distinct: 40,
  distinctIsLeast: false,
  tags: [['ssh-bruteforce', 30]],
  networks: [],
  droppedPackets: null,
  instances: [{ name: 'couic', total: 42, distinct: 40, droppedPackets: null }],
  isIncomplete: false,
};

const embedOf = (changes: Partial<Digest>, about = ABOUT) =>
  JSON.parse(discordMessage({ ...DIGEST, ...changes }, about, 'Couic')).embeds[0];

test('with one Couic and one tag it is what couic-report sends', () => {
  expect(JSON.parse(discordMessage(DIGEST, ABOUT, 'Couic'))).toEqual({
    username: 'Couic',
    embeds: [
      {
        title: '📊 15-minute Report Summary',
        timestamp: '2026-11-26T10:15:00.000Z',
        color: 0xff9500,
        author: { name: 'Server: production-server' },
        thumbnail: { url: 'https://couic.net/images/notif-orange.png' },
        footer: { text: 'Couic Report', icon_url: 'https://couic.net/images/white-150.png' },
        fields: [
          { name: 'Total CIDRs', value: ':shield: **42**', inline: true },
          { name: 'Distinct CIDRs', value: ':mag: **40**', inline: true },
          { name: 'Top Tag', value: ':satellite: **ssh-bruteforce** (×30)', inline: true },
        ],
      },
    ],
  });
});

test('says the least there was, that something is missing, and that no rule had a tag', () => {
  const { fields } = embedOf({ tags: [], distinctIsLeast: true, isIncomplete: true });
  const values = Object.fromEntries(fields.map(({ name, value }: { name: string; value: string }) => [name, value]));
  expect(values).toMatchObject({
    'Distinct CIDRs': ':mag: **≥ 40**',
    'Top Tag': ':satellite: N/A',
    Incomplete: 'Reports were lost before they were counted: there was more.',
  });
});

test('whatever the names are, Discord takes it, and reads none of its signs in them', () => {
  const odd = ['**bold**', '@everyone', '<@1>', '[x](https://evil.example)', ':skull:', 'a\u202eb'];
  const long = Array.from({ length: 20 }, (_, i) => [`${'é'.repeat(60)}${i}.couic`, i] as const);
  const instances = Array.from({ length: 200 }, (_, i) => ({ ...DIGEST.instances[0]!, name: `couic-${i}` }));
  const tags = [...odd.map((name) => [name, 1] as const), ...long].slice(0, 20);
  const networks = long.map((_, i) => [`2001:db8:ffff:ffff:ffff:ffff:ffff:${i}/128`, 1] as const);
  const embed = embedOf({ tags, networks, instances, droppedPackets: 2 ** 53 }, { ...ABOUT, name: 'n'.repeat(200) });
  expect(embedProblems([embed])).toEqual([]);
  const top = embed.fields.find(({ name }: { name: string }) => name === 'Top Tags').value as string;
  expect(top.split('\n').slice(0, 6)).toEqual([
    '\\*\\*bold\\*\\* (×1)',
    '\\@everyone (×1)',
    '\\<\\@1\\> (×1)',
    '\\[x\\]\\(https\\://evil.example\\) (×1)',
    '\\:skull\\: (×1)',
    'a\\\\u202eb (×1)',
  ]);
  expect(top).toMatch(/\n… and \d+ more$/);
});

test.each([
  [900, '15-minute'],
  [3600, '1-hour'],
  [5400, '90-minute'],
  [90, '90-second'],
  [86_400, '24-hour'],
])('%i s are called %s, as couic-report does', (seconds, name) => {
  expect(periodName(seconds * 1000)).toBe(name);
});
