import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../src/clock.ts';
import { factories } from '../src/components.ts';
import { knownKeys } from '../src/config/json-schema.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { renderConfig } from '../src/config/render-config.ts';
import type { BridgeView } from '../src/service/bridge-view.ts';
import type { AnyFactory } from '../src/service/component.ts';
import { ownMetrics } from '../src/service/own-metrics.ts';
import { Service } from '../src/service/service.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bridge-components-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function load(configs: readonly string[], env: Record<string, string> = {}, sets: readonly string[] = []) {
  return loadConfig({ configs, sets, env, factories, readFile: (path) => readFileSync(path, 'utf8') });
}

const metrics = ownMetrics(factories);
const logger = pino({ enabled: false });
const build = ({ config }: ReturnType<typeof load>) =>
  Service.create({ config, logger, clock: systemClock, version: '1.2.3', metrics });

describe('the shipped configuration', () => {
  test('is valid without any environment, and its printed form without secrets too', async () => {
    const loaded = load(['otel-config.yaml']);
    expect(loaded.warnings).toEqual([]);
    await expect(build(loaded)).resolves.toBeDefined();
    const printed = renderConfig(loaded);
    const again = loadConfig({ configs: ['printed.yaml'], sets: [], env: {}, factories, readFile: () => printed });
    expect(renderConfig(again)).toBe(printed);
  });

  test('takes what an operator sets', () => {
    const env = { COUIC_REPORT_TOKEN: 'de305d54-75b4-431b-adb2-eb6b9e546014', CROWDSEC_LAPI_KEY: '0123456789' };
    const loaded = load(['otel-config.yaml'], env, ['exporters.crowdsec.dry_run=false']);
    expect(loaded.config.exporters.find(({ id }) => id === 'crowdsec')?.config).toMatchObject({
      dry_run: false,
      api_key: '0123456789',
    });
    const printed = renderConfig(loaded);
    for (const secret of Object.values(env)) expect(printed).not.toContain(secret);
  });
});

/** A configuration that opens what it can, with nothing outside of this host: `least.yaml` of the component's folder of tests, a map in braces. */
function leastOf(kind: string, type: string): string {
  const path = `test/plugins/${kind}s/${type}/least.yaml`;
  if (!existsSync(path))
    throw new Error(`${path} is missing: the least options with which this test can start the ${kind} ${type}`);
  return readFileSync(path, 'utf8').trim();
}

/** A service with that component; the others are the least that one needs. @param more - options of it. */
function serviceWith(kind: string, type: string, more: object = {}) {
  const options = JSON.stringify({ ...parse(leastOf(kind, type)), ...more });
  const storage = type.endsWith('_storage') ? '' : `file_storage: ${leastOf('extension', 'file_storage')}`;
  const sections: Record<string, string[]> = {
    receiver: [`couic/base: ${leastOf('receiver', 'couic')}`],
    exporter: [`prometheus/base: ${leastOf('exporter', 'prometheus')}`],
    extension: [storage],
  };
  sections[kind]?.push(`${type}: ${options}`);
  const ids = (name: string) => (sections[name] ?? []).filter(Boolean).map((entry) => entry.split(':')[0]);
  const signals = factories.flatMap((factory) =>
    factory.kind === 'exporter' && factory.type === type ? (factory.signals ?? []) : [],
  );
  const ofLogs = kind === 'exporter' && signals.includes('logs');
  const ofMetrics = ids('exporter').filter((id) => id !== type || !ofLogs || signals.includes('metrics'));
  const logs = ofLogs ? `, logs: {receivers: [${ids('receiver')}], exporters: [${type}]}` : '';
  const section = (name: string) => `{${(sections[name] ?? []).filter(Boolean).join(', ')}}`;
  const yaml = `
receivers: ${section('receiver')}
exporters: ${section('exporter')}
extensions: ${section('extension')}
service:
  extensions: [${ids('extension')}]
  pipelines: {metrics: {receivers: [${ids('receiver')}], exporters: [${ofMetrics}]}${logs}}
`;
  const env = { DIRECTORY: directory };
  return build(
    loadConfig({ configs: ['test.yaml'], sets: [], env, factories: factories.map(seen), readFile: () => yaml }),
  );
}

/** The bridge that was built last, as its storage sees it. */
let bridge: BridgeView;

function seen(factory: AnyFactory): AnyFactory {
  if (factory.kind !== 'extension' || !factory.type.endsWith('_storage')) return factory;
  const create: typeof factory.create = (context, config) => {
    ({ bridge } = context);
    return factory.create(context, config);
  };
  return { ...factory, create };
}

/** Where exporters say that they send to. */
const places = () =>
  bridge.components().flatMap(({ kind, status }) => (kind === 'exporter' ? (status?.where ?? 'does not say') : []));

/** What keeps the process alive beyond `before`; sockets that are closing take a moment. */
function left(before: readonly string[]): string[] {
  const surplus = [...before];
  return process.getActiveResourcesInfo().filter((name) => {
    const known = surplus.indexOf(name);
    if (known !== -1) surplus.splice(known, 1);
    return known === -1;
  });
}

async function expectNothingLeft(before: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 50 && left(before).length > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(left(before)).toEqual([]);
}

/** They start with a server alone: test/cluster does. */
const NEEDS_SERVER = new Set(['jetstream_storage']);

describe.each(factories.map(({ kind, type }) => [kind, type]))('%s %s', (kind, type) => {
  test.skipIf(NEEDS_SERVER.has(type))('starts, shuts down twice and leaves nothing open', async () => {
    const before = process.getActiveResourcesInfo();
    const service = await serviceWith(kind, type);
    expect(places()).not.toContain('does not say');
    await service.start();
    expect(places()).not.toContain('does not say');
    expect(left(before)).not.toEqual([]);
    expect(await service.shutdown()).toBe(true);
    expect(await service.shutdown()).toBe(true);
    await expectNothingLeft(before);
  });

  test('shuts down without a start', async () => {
    const before = process.getActiveResourcesInfo();
    expect(await (await serviceWith(kind, type)).shutdown()).toBe(true);
    await expectNothingLeft(before);
  });

  test.skipIf(NEEDS_SERVER.has(type))('starts again on what it left', async () => {
    for (let run = 0; run < 2; run++) {
      const service = await serviceWith(kind, type);
      await service.start();
      expect(await service.shutdown()).toBe(true);
    }
  });
});

/** Of those whose least is no address that TLS goes with. */
const OVER_TLS: Readonly<Record<string, object>> = { couic_api: { endpoint: 'https://127.0.0.1:9' } };

const clients = factories
  .filter(({ schema, type }) => knownKeys(schema, ['tls']).includes('ca_file') && !NEEDS_SERVER.has(type))
  .map(({ kind, type }) => [kind, type] as const);

test.each(clients)('%s %s does not start with a file of tls that is not there', async (kind, type) => {
  const service = await serviceWith(kind, type, { tls: { ca_file: '/nowhere/ca.pem' }, ...OVER_TLS[type] });
  await expect(service.start()).rejects.toThrow('tls.ca_file: cannot read /nowhere/ca.pem');
  await service.shutdown();
});
