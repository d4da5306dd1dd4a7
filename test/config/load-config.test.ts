import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.ts';
import { ConfigError, formatProblem } from '../../src/config/problem.ts';
import { fakeFactories } from '../support/fake-factories.ts';

const TESTDATA = 'test/testdata/config';
const FILES: Record<string, string> = { 'lapi.key': '0123\n', secret: 'top-secret-token' };

interface Given {
  sets?: string[];
  env?: Record<string, string>;
  files?: Record<string, string>;
}

function load(configs: string | string[], { sets = [], env = {}, files = {} }: Given = {}): LoadedConfig {
  const texts: Record<string, string> = { ...FILES, ...files };
  return loadConfig({
    configs: [configs].flat(),
    sets,
    env,
    factories: fakeFactories,
    readFile: (path) => texts[path] ?? readFileSync(join(TESTDATA, path), 'utf8'),
  });
}

function problemsOf(configs: string | string[], given: Given = {}): string[] {
  try {
    return load(configs, given).warnings.map((warning) => `warning: ${formatProblem(warning)}`);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

const EMPTY =
  'the configuration is empty: it needs receivers, exporters and service, as the shipped otel-config.yaml shows';
const PROCESSORS =
  'leave this out: exporters of the bridge batch by themselves, and what it holds in memory has bounds without a memory_limiter';

const DEEPER =
  'wrong indentation: what follows has to begin in the same column as this line; or the space after "-" is missing here';

/** Every file of test/testdata/config with all that is said of it. */
const EXPECTED: Record<string, string[]> = {
  'after-quote.yaml': ['after-quote.yaml:3: YAML: Unexpected scalar at node end'],
  'alias.yaml': [
    'alias.yaml:1: service.pipelines: is required',
    'alias.yaml:2: receivers.couic: YAML: no anchor (&name) for this alias (*name); quote a value that starts with "*"',
  ],
  'collector.yaml': [
    `collector.yaml:3: processors: ${PROCESSORS}`,
    'collector.yaml:5: connectors: the bridge has no connectors: send the metrics to a Collector with an otlp_http exporter and connect them there',
    `collector.yaml:14: service.pipelines.metrics.processors: ${PROCESSORS}`,
    'collector.yaml:18: service.pipelines.logs.exporters[0]: otlp_http takes metrics only, no logs',
    "collector.yaml:20: service.telemetry.metrics: the bridge's own metrics go where all others go, to the exporters of the pipelines: leave this out",
  ],
  'colon.yaml': ['colon.yaml:3: YAML: this line is no "key: value": a colon, or the space after it, is missing'],
  'colon-last.yaml': [
    'colon-last.yaml:4: YAML: this line is no "key: value": a colon, or the space after it, is missing',
  ],
  'colons.yaml': [
    'colons.yaml:3: YAML: a value in which ": " stands has to be quoted, and each key has a line of its own',
  ],
  'brace.yaml': [
    'brace.yaml:3: YAML: what "{" opens has to be closed with "}" before this line, and all of it be indented',
  ],
  'bracket.yaml': [
    'bracket.yaml:3: YAML: what "[" opens has to be closed with "]" before this line, and all of it be indented',
  ],
  'comment.yaml': [`comment.yaml: ${EMPTY}`],
  'dash.yaml': [`dash.yaml:4: YAML: ${DEEPER}`],
  'deeper.yaml': [`deeper.yaml:3: YAML: ${DEEPER}`],
  'documents.yaml': [
    'documents.yaml:3: YAML: a file holds one document; for several files give --config several times',
  ],
  'duplicate.yaml': [
    'duplicate.yaml:1: service.pipelines: is required',
    'duplicate.yaml:4: the key "endpoint" is in this map twice',
    'duplicate.yaml:5: the key "receivers" is in this map twice',
  ],
  'empty.yaml': [`empty.yaml: ${EMPTY}`],
  'escape.yaml': ['escape.yaml:3: YAML: Invalid escape sequence \\q'],
  'indent.yaml': ['indent.yaml:5: YAML: wrong indentation (All mapping items must start at the same column)'],
  'list.yaml': ['list.yaml: a configuration is a map with receivers, exporters, extensions and service'],
  'loop.yaml': [
    'loop.yaml:1: service.pipelines: is required',
    'loop.yaml:2: receivers.couic.couic: YAML: this alias stands for a value that it is a part of',
  ],
  'many-errors.yaml': [
    'many-errors.yaml:3: receivers.couic.enpoint: unknown option (did you mean "endpoint"?)',
    'many-errors.yaml:5: receivers.couic.instances[0].name: expected a string, not a number: put it in quotes',
    'many-errors.yaml:6: receivers.couic.instances[0].tokn: unknown option (did you mean "token"?)',
    'many-errors.yaml:7: receivers.couic.instances[1].name: is required',
    'many-errors.yaml:9: receivers.couic.log_reports: expected true or false: to YAML "no" is text',
    'many-errors.yaml:10: receivers.couic.report_limit: must be at least 1',
    'many-errors.yaml:11: receivers.coiuc/two: unknown type of receiver "coiuc" (did you mean "couic"?)',
    'many-errors.yaml:14: exporters.prometheus.endpoint: name the host: 127.0.0.1:9464 for this host alone, 0.0.0.0:9464 or [::]:9464 for every address',
    'many-errors.yaml:17: exporters.crowdsec.interval: a duration needs a unit: 30s or 30ms',
    'many-errors.yaml:18: exporters.crowdsec.items[0]: expected one of reports, traffic, active_decisions (did you mean "reports"?)',
    'many-errors.yaml:19: exporters.crowdsec.tls: expected a map, not a string',
    'many-errors.yaml:21: exporters.crowdsec.retry_on_failure.intial_interval: unknown option (did you mean "initial_interval"?)',
    'many-errors.yaml:22: exporters.crowdsec.retry_on_failure.multiplier: must be at least 1',
    'many-errors.yaml:23: exporters.couic: "couic" is a type of receiver: it belongs under receivers',
    'many-errors.yaml:24: exporters.crowdsec/a b: expected TYPE or TYPE/NAME, as in crowdsec or crowdsec/edge',
    'many-errors.yaml:26: service.extensions[0]: "file_storage" is not defined: add it under extensions',
    'many-errors.yaml:29: service.pipelines.metrics.receivers[1]: "couic" is in this list twice',
    'many-errors.yaml:30: service.pipelines.metrics.exporters[0]: "prometeus" is not defined under exporters (did you mean "prometheus"?)',
    'many-errors.yaml:31: service.pipelines.metric: a pipeline is called metrics or logs, or metrics/NAME, logs/NAME when there are several',
    'many-errors.yaml:32: service.pipelines.metric.receivers: a pipeline needs at least one receiver',
    'many-errors.yaml:34: service.pipelines.traces: the bridge has metrics and logs only: send traces to a Collector',
    'many-errors.yaml:38: service.telemetry.logs.level: expected one of debug, info, warn, error',
    'many-errors.yaml:38: service.telemetry.logs.encoding: expected console or json (did you mean "json"?)',
    'many-errors.yaml:39: service.shutdown_timeout: expected more than 0 and at most 24h',
  ],
  'references.yaml': [
    'references.yaml:3: receivers.couic.endpoint: environment variable NOT_SET is not set: set it, or give a default: ${env:NOT_SET:-default}',
    'references.yaml:5: receivers.couic.instances[0].name: a variable has a name of letters, digits and "_", as in ${env:NAME} or ${env:NAME:-default}',
    'references.yaml:6: receivers.couic.instances[0].token: cannot read the file of ${file:missing.key}: no such file',
    'references.yaml:9: exporters.prometheus.endpoint: the bridge fetches no configuration: have it fetched into a file first, and write ${file:PATH}',
    'references.yaml:11: exporters.crowdsec.dry_run: expected true or false, not a number (the value is from ${env:DRY_RUN})',
    'references.yaml:12: exporters.crowdsec.api_key: a reference "${" has no closing "}"; for the characters themselves write "$${"',
    'references.yaml:14: exporters.crowdsec.headers.a: environment variable NOT_SET is not set: set it, or give a default: ${env:NOT_SET:-default}',
    'references.yaml:14: exporters.crowdsec.headers.a: cannot read the file of ${file:missing.key}: no such file',
  ],
  'reserved.yaml': ['reserved.yaml:3: YAML: quote a value that starts with a special character'],
  'sdk.yaml': [
    'sdk.yaml:1: file_format: this file is a declarative configuration of an OpenTelemetry SDK, which goes by the same name; the bridge takes the format of a Collector: receivers, exporters, extensions, service',
  ],
  'secrets.yaml': [
    'secrets.yaml:3: receivers.couic.endpoint: expected host:port, as in 127.0.0.1:8000 (the value is from ${env:SECRET})',
    'secrets.yaml:6: receivers.couic.instances[0].token: expected a string, not a list',
    'secrets.yaml:9: exporters.prometheus.endpoint: expected host:port, as in 127.0.0.1:8000 (the value is from ${env:SECRET})',
    'secrets.yaml:11: exporters.crowdsec.interval: "[redacted]" is not a duration: write it like 30s, 1h30m or 500ms (the value is from ${env:SECRET})',
    'secrets.yaml:12: exporters.crowdsec.endpoint: is not a valid URL (the value is from ${file:secret})',
    'secrets.yaml:13: exporters.crowdsec.items[0]: expected one of reports, traffic, active_decisions (the value is from ${env:SECRET})',
    'secrets.yaml:14: exporters.crowdsec.api_key: expected a string, not a map',
    'secrets.yaml:15: exporters.crowdsec.headers.authorization: expected a string, not a list',
  ],
  'tab.yaml': ['tab.yaml:2: YAML: indent with spaces, not with a tab'],
  'unclosed.yaml': ['unclosed.yaml:2: YAML: the quote that opens here is not closed'],
  'unused.yaml': [
    'warning: unused.yaml:3: receivers.couic/spare: is not used: add it to a pipeline under service.pipelines, or remove it',
    'warning: unused.yaml:5: exporters.otlphttp: "otlphttp" is an old name: write "otlp_http"',
    'warning: unused.yaml:7: exporters.prometheus: is not used: add it to a pipeline under service.pipelines, or remove it',
    'warning: unused.yaml:9: extensions.file_storage: is not used: add it to service.extensions, or remove it',
  ],
  'valid.yaml': [],
};

describe('what a default of a reference gives', () => {
  const text = (name: string) => `
receivers: {couic: {endpoint: "\${env:WHERE:-here}", instances: [{name: "${name}", token: "no"}]}}
exporters: {prometheus: {}, crowdsec: {interval: "\${env:EVERY:-often}", api_key: "\${env:EVERY:-often}"}}
service: {pipelines: {metrics: {receivers: [couic], exporters: [prometheus, crowdsec]}}}
`;
  const about = (env: Record<string, string>) => problemsOf('a', { env, files: { a: text('edge') } });

  test('stands in the file, and so in messages, but not where it is the default of a secret', () => {
    expect(about({})).toEqual([
      'a:2: receivers.couic.endpoint: expected host:port, as in 127.0.0.1:8000 (the value is the default of ${env:WHERE})',
      'a:3: exporters.crowdsec.interval: "[redacted]" is not a duration: write it like 30s, 1h30m or 500ms (the value is the default of ${env:EVERY})',
    ]);
    const open = text('edge').replace(', api_key: "${env:EVERY:-often}"', '');
    expect(problemsOf('a', { files: { a: open } })[1]).toBe(
      'a:3: exporters.crowdsec.interval: "often" is not a duration: write it like 30s, 1h30m or 500ms (the value is the default of ${env:EVERY})',
    );
    expect(problemsOf('a', { env: { EVERY: 'often' }, files: { a: open } })[1]).toBe(
      'a:3: exporters.crowdsec.interval: "[redacted]" is not a duration: write it like 30s, 1h30m or 500ms (the value is from ${env:EVERY})',
    );
  });

  test('takes no words out of a hint', () => {
    const shipped = readFileSync('deploy/container/otel-config.yaml', 'utf8');
    const given = (env: Record<string, string>) => {
      try {
        loadConfig({ configs: ['a'], sets: [], env, factories, readFile: () => shipped });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const without = given({ COUIC_REPORT_TOKEN: '' });
    expect(without).toContain('"couic" has no token');
    expect(without).toContain('couic-otel-bridge token makes one');
    expect(given({ COUIC_REPORT_TOKEN: '', COUIC_INSTANCE_NAME: 'of-a-host' })).not.toContain('of-a-host');
  });
});

test('whoever asks is told of each value that a variable or a file gave, and of no default', () => {
  const seen: string[] = [];
  const files: Record<string, string> = {
    key: 'of-a-file\n',
    a: '{a: "${env:A:-x}", b: "${env:B:-y}", c: "${file:key}"}',
  };
  const readFile = (path: string) => files[path]!;
  const options = { configs: ['a'], sets: ['d=${env:A}'], env: { A: 'of-a' }, factories: fakeFactories, readFile };
  expect(() => loadConfig({ ...options, seen: (value) => void seen.push(value) })).toThrow(ConfigError);
  expect(seen).toEqual(['of-a', 'of-a-file', 'of-a']);
});

describe('every file of test data gives exactly these messages', () => {
  const env = { SECRET: 'top-secret-token', DRY_RUN: '12' };
  test.each(readdirSync(TESTDATA))('%s', (file) => {
    const problems = problemsOf(file, { env });
    expect(problems).toEqual(EXPECTED[file]);
    expect(problems.join('\n')).not.toContain('top-secret');
  });
});

describe('what a good file gives', () => {
  test('components in use with their defaults, numbers and text from references', () => {
    const { config } = load('valid.yaml', {
      env: { PORT: '8001', COUIC_REPORT_TOKEN: '123456', STATE_DIRECTORY: '/s' },
    });
    const ids = (list: readonly { id: string; config: unknown }[]) => list.map(({ id, config }) => [id, config]);
    expect(ids(config.receivers)).toEqual([
      [
        'couic',
        {
          endpoint: { host: '::1', port: 8001 },
          instances: [{ name: 'edge', token: '123456' }],
          log_reports: true,
          report_limit: 10,
        },
      ],
    ]);
    expect(ids(config.exporters)).toMatchObject([
      ['prometheus', { endpoint: { host: '127.0.0.1', port: 9464 } }],
      ['crowdsec/edge', { api_key: '0123', interval: 5_400_000, headers: { 'x-price': '5$' } }],
    ]);
    expect(ids(config.extensions)).toEqual([['file_storage', { directory: '/s' }]]);
    expect(config.service).toEqual({
      extensions: ['file_storage'],
      pipelines: {
        metrics: { receivers: ['couic'], exporters: ['prometheus'] },
        'metrics/edge': { receivers: ['couic'], exporters: ['crowdsec/edge'] },
      },
      telemetry: { logs: { level: 'info', encoding: 'console' }, resource: {} },
      attribute_limits: { tags: 500, kinds: 20, series: 10_000, forget_after: 2_592_000_000 },
      shutdown_timeout: 10_000,
    });
  });

  test('components that are not in use are left out, and an old name keeps its id', () => {
    const { config } = load('unused.yaml');
    expect(config.receivers.map((each) => each.id)).toEqual(['couic']);
    expect(config.exporters.map(({ id, canonicalId }) => ({ id, canonicalId }))).toEqual([
      { id: 'otlphttp', canonicalId: { type: 'otlp_http', name: '' } },
    ]);
    expect(config.extensions).toEqual([]);
  });

  test('a variable that is set and empty stands for the default, like an empty value', () => {
    const { config } = load('valid.yaml', { env: { CROWDSEC_LAPI_URL: '', STATE_DIRECTORY: '' } });
    expect(config.exporters[1]?.config).toMatchObject({ endpoint: 'http://127.0.0.1:8080' });
    expect(config.extensions[0]?.config).toEqual({ directory: './data' });
  });
});

describe('several sources', () => {
  test('maps are merged deep, lists and values replaced by the later one, --set comes last', () => {
    const files = {
      'over.yaml':
        'receivers: {couic: {instances: [{name: a}, {name: b}]}}\nexporters: {prometheus: {endpoint: "[::1]:1"}}\n',
    };
    const { config } = load(['valid.yaml', 'over.yaml'], {
      files,
      sets: ['receivers.couic.endpoint=localhost:${env:P}', 'exporters::prometheus::endpoint=localhost:2'],
      env: { P: '7' },
    });
    expect(config.receivers[0]?.config).toMatchObject({
      endpoint: { host: 'localhost', port: 7 },
      instances: [{ name: 'a' }, { name: 'b' }],
    });
    expect(config.exporters[0]?.config).toEqual({ endpoint: { host: 'localhost', port: 2 } });
  });

  test('the value of --set is YAML, and the key may hold dots between ::', () => {
    const { config } = load('valid.yaml', {
      sets: [
        'service.pipelines.metrics.exporters=[prometheus, crowdsec/edge]',
        'receivers.couic.log_reports=false',
        'service::telemetry::resource::service.namespace=edge',
        'receivers.couic.report_limit=',
      ],
    });
    expect(config.service.pipelines.metrics?.exporters).toEqual(['prometheus', 'crowdsec/edge']);
    expect(config.receivers[0]?.config).toMatchObject({ log_reports: false, report_limit: 10 });
    expect(config.service.telemetry.resource).toEqual({ 'service.namespace': 'edge' });
  });

  test('what a --set is told to write instead leads to no second error', () => {
    const about = (setting: string) => problemsOf('valid.yaml', { sets: [setting] });
    expect(about('receivers.couic.endpoint=8000')).toEqual([
      '--set receivers.couic.endpoint: name the host: 127.0.0.1:8000 for this host alone, 0.0.0.0:8000 or [::]:8000 for every address',
    ]);
    expect(about('receivers.couic.endpoint=127.0.0.1:8000')).toEqual([]);
    expect(about('receivers.couic.endpoint=true')).toEqual([
      '--set receivers.couic.endpoint: expected host:port, as in 127.0.0.1:8000',
    ]);
    expect(about('exporters.crowdsec/edge.endpoint=8080')).toEqual([
      '--set exporters.crowdsec/edge.endpoint: is not a valid URL',
    ]);
    expect(about('receivers.couic.instances[0].name=8')).toEqual([
      `--set receivers.couic.instances[0].name: expected a string, not a number: put it in quotes, inside those of the shell: --set 'KEY="VALUE"'`,
    ]);
    expect(about('receivers.couic.instances[0].name="8"')).toEqual([]);
  });

  test('--set reaches into a list, and may add the item that comes next', () => {
    const sets = [
      'receivers.couic.instances[0].token=one',
      'receivers::couic::instances[2]={name: third}',
      'service.pipelines.metrics.exporters[0]=crowdsec/edge',
    ];
    const files = { 'two.yaml': 'receivers: {couic: {instances: [{name: a}, {name: b}]}}' };
    const { config } = load(['valid.yaml', 'two.yaml'], { files, sets });
    expect(config.receivers[0]?.config).toMatchObject({
      instances: [{ name: 'a', token: 'one' }, { name: 'b' }, { name: 'third' }],
    });
    expect(config.service.pipelines.metrics?.exporters[0]).toBe('crowdsec/edge');
    expect(problemsOf(['valid.yaml', 'two.yaml'], { files, sets: ['receivers.couic.instances[3].token=one'] })).toEqual(
      [
        expect.stringContaining(
          'receivers.couic.instances: there is no item 3 to set, nor a list that it would be the next of: lists begin with 0',
        ),
      ],
    );
  });

  test('a quote that is not closed is told where it opens, and $NAME where it is no reference', () => {
    const text = 'receivers:\n  couic:\n    endpoint: "127.0.0.1:8000\nexporters:\n  prometheus: {}\n';
    expect(problemsOf('q.yaml', { files: { 'q.yaml': text } })).toEqual([
      'q.yaml:3: YAML: the quote that opens here is not closed',
    ]);
    const files = { 'v.yaml': 'exporters: {crowdsec/edge: {api_key: $CROWDSEC_KEY}}' };
    expect(problemsOf(['valid.yaml', 'v.yaml'], { files, env: { CROWDSEC_KEY: 'k' } })).toEqual([
      'v.yaml:1: exporters.crowdsec/edge.api_key: a variable is written ${env:CROWDSEC_KEY}; for the text itself write $$CROWDSEC_KEY',
    ]);
    expect(
      load(['valid.yaml', 'w.yaml'], { files: { 'w.yaml': 'exporters: {crowdsec/edge: {api_key: pa$$WORD}}' } }),
    ).toBeDefined();
  });

  test('a problem is told where its part was written; the value of --set is not shown', () => {
    const files = { 'over.yaml': '\n\nexporters:\n  crowdsec/edge:\n    interval: 5 minutes\n' };
    const sets = [
      'exporters.crowdsec/edge.api_key={top: secret}',
      'receivers.couic.enpoint=top-secret',
      'top-secret',
      '.a=1',
    ];
    expect(problemsOf(['valid.yaml', 'over.yaml'], { files, sets: sets.slice(0, 2) })).toEqual([
      'over.yaml:5: exporters.crowdsec/edge.interval: "5 minutes" is not a duration: write it like 30s, 1h30m or 500ms',
      '--set receivers.couic.enpoint: unknown option (did you mean "endpoint"?)',
      '--set exporters.crowdsec/edge.api_key: expected a string, not a map',
    ]);
    expect(problemsOf('valid.yaml', { sets: [...sets.slice(2), 'a.b=[', 'a.b=${env:NO}'] })).toEqual([
      '--set: expected KEY=VALUE, as in exporters.crowdsec.dry_run=false',
      '--set .a: expected KEY=VALUE, as in exporters.crowdsec.dry_run=false',
      '--set a.b: YAML: Flow sequence must end with a ]',
      '--set a.b: environment variable NO is not set: set it, or give a default: ${env:NO:-default}',
    ]);
  });

  test('a source may be file:PATH or a variable that holds the YAML', () => {
    const text = readFileSync(join(TESTDATA, 'unused.yaml'), 'utf8');
    expect(load('file:unused.yaml').config.receivers).toHaveLength(1);
    expect(load('env:BRIDGE_CONFIG', { env: { BRIDGE_CONFIG: text } }).config.receivers).toHaveLength(1);
    expect(problemsOf('env:BRIDGE_CONFIG')).toEqual([
      'env:BRIDGE_CONFIG: environment variable BRIDGE_CONFIG is not set',
    ]);
  });

  test('every file that cannot be read is told', () => {
    expect(problemsOf(['missing.yaml', 'tab.yaml', 'other.yaml'])).toEqual([
      'missing.yaml: cannot read the configuration: no such file',
      'tab.yaml:2: YAML: indent with spaces, not with a tab',
      'other.yaml: cannot read the configuration: no such file',
    ]);
  });
});

describe('what YAML itself offers', () => {
  const merged = (text: string) => load(['valid.yaml', 'over.yaml'], { files: { 'over.yaml': text } }).config;

  test('anchors, aliases and merge keys; what a map says itself comes first', () => {
    const config = merged(
      'exporters:\n  prometheus: &p {endpoint: "localhost:1"}\n  prometheus/b: {<<: *p}\n  prometheus/c:\n    <<: [*p]\n    endpoint: localhost:3\n' +
        'service: {pipelines: {metrics: {exporters: [prometheus, prometheus/b, prometheus/c]}}}\n',
    );
    const ports = config.exporters.map((each) => (each.config as { endpoint?: { port: number } }).endpoint?.port);
    expect(ports.filter((port) => port !== undefined)).toEqual([1, 1, 3]);
  });

  test('a key that plain objects have an opinion on is only a key', () => {
    expect(() => merged('exporters: {prometheus: {__proto__: {endpoint: "a:1"}, constructor: 1}}')).toThrow(
      'exporters.prometheus.constructor: unknown option',
    );
    expect(({} as { endpoint?: string }).endpoint).toBeUndefined();
  });
});
