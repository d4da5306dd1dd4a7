import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CrowdSecUsageMetricsExporter,
  type CrowdSecUsageMetricsExporterOptions,
  fileOutbox,
} from '../../../../../plugins/exporters/crowdsec/library/index.ts';
import { until } from '../../../../support/fake-time.ts';
import { LapiServer } from '../../../../support/lapi/server.ts';

const ROOT = resolve(import.meta.dirname, '../../../../..');

let lapi: LapiServer;
let directory: string;
beforeEach(async () => {
  lapi = await new LapiServer().start();
  directory = await mkdtemp(join(tmpdir(), 'crowdsec-library-'));
});
afterEach(async () => {
  await lapi.stop();
  await rm(directory, { recursive: true });
});

const component = { name: 'gate', type: 'gate', version: '1.0', feature_flags: [] };

/** A program that counts what it blocks. */
function program(options: Partial<CrowdSecUsageMetricsExporterOptions> = {}) {
  const exporter = new CrowdSecUsageMetricsExporter({
    endpoint: lapi.url,
    apiKey: 'test-key',
    component,
    mapping: ({ metric, attributes }) => ({
      name: metric === 'rules' ? 'active_decisions' : 'dropped',
      unit: metric === 'rules' ? 'ip' : 'request',
      labels: attributes as Record<string, string>,
    }),
    heartbeat: 0,
    ...options,
  });
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 86_400_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('test');
  return {
    exporter,
    provider,
    blocked: meter.createCounter('blocked'),
    rules: meter.createUpDownCounter('rules'),
  };
}

describe.each(['cumulative', 'delta'] as const)('with %s counters', (temporality) => {
  it('tells each count once, with the last ones at shutdown', async () => {
    const { provider, blocked, rules } = program({ temporality });
    blocked.add(5, { origin: 'CAPI' });
    rules.add(3, { origin: 'CAPI' });
    await provider.forceFlush();
    expect(lapi.counts()).toEqual({ CAPI: { dropped: { request: 5 }, active_decisions: { ip: 3 } } });
    blocked.add(2, { origin: 'CAPI' });
    blocked.add(1, { origin: 'cscli' });
    rules.add(-1, { origin: 'CAPI' });
    await provider.shutdown();
    expect(lapi.counts()).toEqual({
      CAPI: { dropped: { request: 7 }, active_decisions: { ip: 2 } },
      cscli: { dropped: { request: 1 } },
    });
  });

  it('tells counts of a program that ran again, whose counters began at zero', async () => {
    for (const count of [5, 7, 3]) {
      const { provider, blocked } = program({ temporality, outbox: fileOutbox(join(directory, 'outbox')) });
      blocked.add(count, { origin: 'CAPI' });
      await provider.shutdown();
    }
    expect(lapi.counts()).toEqual({ CAPI: { dropped: { request: 15 } } });
  });
});

it('keeps what LAPI did not take for the next run, to the byte', async () => {
  const outbox = join(directory, 'deep', 'outbox');
  lapi.faults.push(
    { kind: 'lost' },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
  );
  const first = program({ outbox: fileOutbox(outbox) });
  first.blocked.add(5, { origin: 'CAPI' });
  await first.provider.shutdown();
  expect(first.exporter.outbox.size).toBe(1);
  lapi.faults.length = 0;
  const second = program({ outbox: fileOutbox(outbox) });
  await second.exporter.start();
  await until(() => second.exporter.outbox.size === 0);
  await second.provider.shutdown();
  expect(new Set(lapi.bodies).size).toBe(1);
  expect(lapi.counts()).toEqual({ CAPI: { dropped: { request: 5 } } });
});

it('names the options that there are when it is given another, and takes undefined for the default', () => {
  expect(() => program({ apikey: 'x' } as never)).toThrow(/^apikey: is no option; there are addressFamily, apiKey, /);
  expect(() => program({ timeout: undefined, outbox: undefined } as never)).not.toThrow();
});

it('sends a window once, however many flush at the same time', async () => {
  const { exporter, provider, blocked } = program();
  await exporter.start();
  for (let round = 1; round <= 2; round++) {
    blocked.add(round, { origin: 'CAPI' });
    await Promise.all([provider.forceFlush(), provider.forceFlush(), exporter.forceFlush(), exporter.forceFlush()]);
  }
  await Promise.all([exporter.forceFlush(), provider.shutdown()]);
  expect(lapi.bodies.length).toBe(new Set(lapi.bodies).size);
  expect(lapi.counts()).toEqual({ CAPI: { dropped: { request: 3 } } });
});

it('sends nothing in a dry run', async () => {
  const lines: string[] = [];
  const log = { debug: () => {}, info: (_: object, line: string) => lines.push(line), warn: () => {}, error: () => {} };
  const { provider, blocked } = program({ dryRun: true, apiKey: '', log });
  blocked.add(5, { origin: 'CAPI' });
  await provider.shutdown();
  expect(lapi.requests).toEqual([]);
  expect(lines).toEqual([expect.stringContaining('"value":5')]);
});

it('refuses an export after its end, and ends without a beginning', async () => {
  const { exporter } = program();
  await exporter.shutdown();
  await exporter.shutdown();
  const result = await new Promise((done) => exporter.export({ resource: {} as never, scopeMetrics: [] }, done));
  expect(result).toMatchObject({ code: 1, error: new Error('the exporter was shut down') });
});

it.each([
  [{ endpoint: 'lapi:8080' }, 'endpoint: expected http://, https:// or unix:///path/of/a/socket'],
  [{ apiKey: '' }, 'apiKey: is needed: "cscli bouncers add NAME" on the LAPI host prints one. Or set dryRun'],
  [{ apiKey: 'a\n' }, 'apiKey: has characters that no key has, perhaps a line break'],
  [
    { component: { ...component, type: 'my gate' } },
    'component.type: letters, digits and . _ + ~ - only: it is a part of the User-Agent header',
  ],
  [{ mapping: 'all' }, 'mapping: a function is expected, which says what a series counts as'],
  [{ mapping: undefined }, 'mapping: a function is expected, which says what a series counts as'],
  [{ endpoint: 8080 }, 'endpoint: text is expected'],
  [{ apiKey: 7 }, 'apiKey: has characters that no key has, perhaps a line break'],
  [{ component: 'gate' }, 'component: an object is expected: name, type, version, feature_flags'],
  [{ component: { ...component, feature_flags: 'none' } }, 'component.feature_flags: a list of texts is expected'],
  [{ timeout: '10s' }, 'timeout: milliseconds, from 1 to 2147483647, is expected'],
  [{ maxOrigins: 0 }, 'maxOrigins: a whole number, 1 at least, is expected'],
  [{ retry: { initial_interval: 5 } }, 'retry.randomization_factor: a number is expected'],
  [{ temporality: 'Delta' }, "temporality: 'cumulative' or 'delta' is expected"],
  [{ outbox: './outbox' }, 'outbox: an object with the method attach is expected'],
  [{ log: console.log }, 'log: an object with the method debug is expected'],
  [{ follows: ['a'] }, 'follows: a function is expected'],
])('refuses %j', (options, message) => {
  expect(() => program(options as never)).toThrow(new TypeError(message));
});

it('loads nothing but OpenTelemetry and undici', async () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = await readFile(file, 'utf8');
    const imports = source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)';/gm);
    for (const [statement, from] of imports) {
      if (/^import \{(\s*type [\w ]+,?)+\s*\} from/.test(statement)) continue;
      if (from!.startsWith('.')) await visit(resolve(dirname(file), from!));
      else if (!from!.startsWith('node:')) packages.add(from!);
    }
    for (const [, later] of source.matchAll(/\bimport\('(\.[^']+)'\)/g)) await visit(resolve(dirname(file), later!));
  };
  await visit(join(ROOT, 'plugins/exporters/crowdsec/library/index.ts'));
  expect(seen.size).toBeGreaterThan(20);
  expect([...packages].sort()).toEqual(['@opentelemetry/api', 'undici']);
});

it('runs the example', async () => {
  const env = {
    ...process.env,
    CROWDSEC_LAPI_URL: lapi.url,
    CROWDSEC_LAPI_KEY: 'test-key',
    OUTBOX: join(directory, 'outbox'),
  };
  const example = join(ROOT, 'plugins/exporters/crowdsec/library/examples/usage-metrics.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [example], { env, cwd: ROOT });
  expect(stdout).toBe('0 windows wait for the next run\n');
  expect(lapi.counts()).toEqual({
    CAPI: { dropped: { request: 5 }, active_decisions: { ip: 3 } },
    cscli: { dropped: { request: 5 } },
    '': { processed: { request: 100 } },
  });
  expect((await readFile(example, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(45);
});
