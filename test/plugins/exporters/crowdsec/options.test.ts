import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkOptions, endpointProblem, socketPathOf } from '../../../../plugins/exporters/crowdsec/options.ts';

const none = () => undefined;
const component = { name: 'gate', type: 'gate', version: '1', feature_flags: [] };
/** The smallest that there are, and no option that can be left out. */
const LEAST = {
  mapping: none,
  endpoint: 'http://127.0.0.1:8080',
  apiKey: 'k',
  component,
  timeout: 1,
  maxAge: 0,
  maxBytes: 1,
  maxOrigins: 1,
  heartbeat: 0,
  otherOrigin: 'other',
  retry: { initial_interval: 0, randomization_factor: 0, multiplier: 0, max_interval: 0 },
};

const refused = (more: object) => {
  try {
    checkOptions({ ...LEAST, ...more });
  } catch (error) {
    return (error as TypeError).message.split(':')[0];
  }
  return undefined;
};

describe('options of the library', () => {
  it.each([
    {},
    { timeout: 2 ** 31 - 1, maxAge: Number.MAX_SAFE_INTEGER },
    { temporality: 'delta' },
    { temporality: 'cumulative' },
    { temporality: undefined },
    { acts: none, follows: none, sourceOf: none, onDate: none, sleep: none, random: none },
    { outbox: { attach: none }, clock: { now: none, monotonic: none } },
    { log: { debug: none, info: none, warn: none, error: none } },
    { observer: { sealed: none, sent: none, sendFailed: none, quarantined: none, dropped: none } },
    { apiKey: '', dryRun: true },
    { apiKey: '', tls: {} },
    { localAddress: '192.0.2.1', addressFamily: 'ipv4', reservedOrigins: ['a'] },
    { component: { ...component, feature_flags: ['a'] } },
  ])('may be %j', (options) => {
    expect(refused(options)).toBeUndefined();
  });

  it('tells of those that its page has, and not of what is there for tests', () => {
    expect(() => checkOptions({ ...LEAST, apikey: 'a' })).toThrow(
      /^apikey: is no option; there are addressFamily, apiKey, /,
    );
    const page = readFileSync('plugins/exporters/crowdsec/library/README.md', 'utf8');
    const table = /^\| option.*?\n\n/ms.exec(page)![0];
    const documented = Array.from(table.matchAll(/^\| (.*?) \|/gm), ([, cell]) => cell!)
      .flatMap((cell) => Array.from(cell.matchAll(/`(\w+)/g), ([, name]) => name!))
      .toSorted();
    try {
      checkOptions({ ...LEAST, apikey: 'a' });
    } catch (error) {
      expect((error as Error).message.split('there are ')[1]!.split(', ')).toEqual(documented);
    }
    expect.assertions(2);
  });

  it.each(['timeout', 'maxAge', 'maxBytes', 'maxOrigins', 'heartbeat'] as const)(
    '%s is a number that is not too small',
    (option) => {
      for (const value of [LEAST[option] - 1, Number.NaN, 2 ** 53, '5', null])
        expect(refused({ [option]: value })).toBe(option);
    },
  );

  it.each([
    ['timeout', { timeout: 2 ** 31 }],
    ['observer', { observer: { sealed: none } }],
    ['clock', { clock: { now: none } }],
    ['outbox', { outbox: null }],
    ['log', { log: { debug: none, info: none, warn: none } }],
    ['sleep', { sleep: 5 }],
    ['random', { random: null }],
    ['otherOrigin', { otherOrigin: '' }],
    ['otherOrigin', { otherOrigin: 7 }],
    ['retry.max_interval', { retry: { ...LEAST.retry, max_interval: -1 } }],
    ['retry.initial_interval', { retry: null }],
    ['apiKey', { apiKey: '', tls: undefined }],
    ['apiKey', { apiKey: '', dryRun: false }],
    ['component', { component: null }],
    ['component.version', { component: { ...component, version: '' } }],
    ['component.version', { component: { ...component, version: '1/2' } }],
    ['component.type', { component: { ...component, type: 7 } }],
    ['component.name', { component: { ...component, name: '' } }],
    ['component.feature_flags', { component: { ...component, feature_flags: [''] } }],
    ['endpont', { endpont: 'x' }],
  ])('%s is refused of %j', (option, options) => {
    expect(refused(options)).toBe(option);
  });
});

describe('the address of LAPI', () => {
  it.each([
    'http://127.0.0.1:8080',
    'https://lapi.example',
    'http://[::1]:8080/prefix',
    'http://lapi/v10/x',
    'unix:///run/a',
  ])('may be %s', (text) => {
    expect(endpointProblem(text)).toBeUndefined();
  });

  it.each([
    ['lapi', 'with its scheme'],
    ['ftp://lapi', 'expected http://, https:// or unix:///path'],
    ['unix://run/a', 'three slashes'],
    ['unix:///', 'three slashes'],
    ['http://me@lapi', 'no user'],
    ['http://:secret@lapi', 'no user'],
    ['http://lapi/?a=1', 'no query'],
    ['http://lapi/#a', 'no query'],
    ['http://lapi/v1', 'leave /v1 out'],
    ['http://lapi/v1/', 'leave /v1 out'],
    ['http://lapi/prefix/v1/usage-metrics', 'leave /v1 out'],
  ])('is refused: %s', (text, problem) => {
    expect(endpointProblem(text)).toContain(problem);
  });

  it('is the path of a socket, whatever is in it', () => {
    expect(socketPathOf('unix:///run/my%20lapi.sock')).toBe('/run/my lapi.sock');
    expect(socketPathOf('http://unix:8080')).toBeUndefined();
  });
});
