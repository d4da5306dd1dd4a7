import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CouicApiServer, type Group } from './api-server.ts';
import { SimulatedFirewall } from './firewall.ts';

const GROUPS: readonly Group[] = ['admin', 'clientrw', 'clientro', 'peering', 'monitoring'];

let directory: string;
let socketPath: string;
let firewall: SimulatedFirewall;
let api: CouicApiServer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'couic-sim-api-'));
  socketPath = join(directory, 'couic.sock');
  firewall = new SimulatedFirewall({ now: () => 1_700_000_000 });
  const clients = Object.fromEntries(GROUPS.map((group) => [`token-of-${group}`, group]));
  api = new CouicApiServer({ firewall: () => firewall, clients, listen: { socketPath } });
  await api.start();
});

afterEach(async () => {
  await api.stop();
  rmSync(directory, { recursive: true });
});

/** Status and text of an answer. */
async function get(path: string, group: Group | 'nobody', method = 'GET'): Promise<[number, string]> {
  const headers = { authorization: `Bearer token-of-${group}` };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, headers }, async (response) => {
      let text = '';
      for await (const piece of response) text += piece;
      resolve([response.statusCode!, text]);
    });
    asked.once('error', reject).end();
  });
}

test('lists carry "" for no tag, names of sets, and any u64', async () => {
  firewall.add('drop', '192.0.2.1/32', { expiration: 2n ** 63n - 1n });
  firewall.loadSet('blocklist-é', 'drop', ['2001:db8::/32']);
  expect(await get('/v1/drop', 'clientro')).toEqual([
    200,
    '[{"creation":1700000000,"cidr":"192.0.2.1/32","tag":"","expiration":9223372036854775807},' +
      '{"creation":1700000000,"cidr":"2001:db8::/32","tag":"blocklist-é.couic","expiration":0}]',
  ]);
  expect(await get('/v1/ignore', 'clientro')).toEqual([200, '[]']);
});

test('the metrics tell the true number of rules, whatever brought them', async () => {
  firewall.add('drop', '192.0.2.1/32');
  firewall.addFromPeer('192.0.2.2/32');
  firewall.loadSet('office', 'ignore', ['198.51.100.0/24']);
  firewall.hit('drop', '192.0.2.2/32', 3, 180);
  const counts = { drop_cidr_count: 2, ignore_cidr_count: 1 };
  const xdp = { XDP_DROP: { rx_packets: 3, rx_bytes: 180 }, XDP_PASS: { rx_packets: 0, rx_bytes: 0 } };
  const tags = { tags: { untagged: { rx_packets: 3, rx_bytes: 180 } } };
  const parsed = async (path: string) => JSON.parse((await get(path, 'monitoring'))[1]);
  expect(await parsed('/v1/metrics')).toMatchObject({ ...counts, xdp, drop_tags: tags, ignore_tags: { tags: {} } });
  expect(await parsed('/v1/stats')).toMatchObject({ ...counts, xdp });
  expect(await parsed('/v1/stats/tags/drop')).toEqual(tags);
});

test('who may ask for what', async () => {
  const may = async (path: string) => {
    const groups = [];
    for (const group of GROUPS) if ((await get(path, group))[0] === 200) groups.push(group);
    return groups;
  };
  expect(await may('/v1/metrics')).toEqual(['admin', 'monitoring']);
  expect(await may('/v1/drop')).toEqual(['admin', 'clientrw', 'clientro']);
  expect(await get('/v1/drop', 'nobody')).toEqual([
    401,
    '{"code":"unauthorized","errors":{},"message":"Unauthorized"}',
  ]);
  expect(await get('/metrics', 'admin')).toEqual([404, '']);
  expect(await get('/v1/metrics', 'admin', 'POST')).toEqual([405, '']);
});
