import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SourcePoint } from '../../../../../plugins/exporters/crowdsec/points.ts';
import { rulesSchema } from '../../../../../plugins/exporters/crowdsec/rules/config.ts';
import { Rules } from '../../../../../plugins/exporters/crowdsec/rules/rules.ts';
import { factories } from '../../../../../src/components.ts';
import { loadConfig } from '../../../../../src/config/load-config.ts';
import { type ConfigError, formatProblem } from '../../../../../src/config/problem.ts';

const rules = (...given: object[]) => new Rules(rulesSchema.parse(given)!);

function point(metric: string, attributes = {}, more: Partial<SourcePoint> = {}): SourcePoint {
  return {
    metric,
    unit: '1',
    attributes,
    resource: { 'service.name': 'gate', replica: 2 },
    scope: { name: 'gate.scope', version: '1.0', attributes: { kind: 'own' } },
    key: metric,
    source: 'receiver/otlp x',
    kind: 'total',
    value: 1,
    start: 0,
    ...more,
  };
}

/** What of a point counts as what: `dropped request haproxy ban`. */
const counts = (of: Rules, ...args: Parameters<typeof point>) =>
  [of.mapping(point(...args)) ?? []]
    .flat()
    .map(({ name, unit, labels = {} }) => [name, unit, ...Object.values(labels)].join(' '));

describe('which rule takes what', () => {
  test('for each item the first that fits: one series is dropped and processed', () => {
    const gate = rules(
      { match: 'http.requests', where: { status: '4*' }, item: 'dropped', origin: 'first' },
      { match: 'http.*', where: { status: [403, '5*'] }, item: 'dropped', origin: 'second' },
      { match: '*', item: 'processed' },
    );
    expect(counts(gate, 'http.requests', { status: 403 })).toEqual(['dropped request first ban', 'processed request']);
    expect(counts(gate, 'http.other', { status: '403' })).toEqual(['dropped request second ban', 'processed request']);
    expect(counts(gate, 'http.other', { status: '503' })).toEqual(['dropped request second ban', 'processed request']);
    expect(counts(gate, 'http.other', { status: '200' })).toEqual(['processed request']);
    expect(counts(gate, 'http.other')).toEqual(['processed request']);
  });

  test('none ends it, for what is not to be counted', () => {
    const gate = rules({ match: 'a', where: { path: '/health' }, item: 'none' }, { match: 'a', item: 'processed' });
    expect(counts(gate, 'a', { path: '/health' })).toEqual([]);
    expect(gate.fits(point('a', { path: '/health' }))).toBe(true);
    expect(counts(gate, 'a', { path: '/' })).toEqual(['processed request']);
    expect(gate.fits(point('b'))).toBe(false);
  });

  test.each([
    [{ 'resource:service.name': 'gate' }, true],
    [{ 'resource:service.name': 'other' }, false],
    [{ 'resource:replica': 2 }, true],
    [{ 'scope:name': 'gate.*' }, true],
    [{ 'scope:version': '2.0' }, false],
    [{ 'scope:kind': 'own' }, true],
    [{ 'attributes:code': '403', 'resource:service.name': 'gate' }, true],
    [{ code: '' }, false],
    [{ missing: '' }, true],
    [{ missing: '*' }, true],
    [{ toString: '' }, true],
    [{ blocked: true }, true],
  ])('where %j', (where, fits) => {
    expect(rules({ match: 'a', where, item: 'processed' }).fits(point('a', { code: 403, blocked: true }))).toBe(fits);
  });

  test('a metric belongs to the first match that asks for it', () => {
    const gate = rules(
      { match: 'a', item: 'processed' },
      { match: 'a*', item: 'processed' },
      { match: 'a', item: 'x' },
    );
    expect([gate.partOf('a'), gate.partOf('ab'), gate.partOf('b'), gate.partOf('a')]).toEqual([
      'a',
      'a*',
      undefined,
      'a',
    ]);
    expect(gate.parts).toEqual(['a', 'a*']);
  });
});

describe('labels', () => {
  const split = rules({
    match: 'a',
    item: 'dropped',
    unit: 'packet',
    origin: '${attributes:list:-lists}:${resource:service.name}',
    remediation: '${attributes:action}',
  });

  test('captures are filled in, with what stands in place of a missing one', () => {
    expect(counts(split, 'a', { list: 'x', action: 'ban' })).toEqual(['dropped packet x:gate ban']);
    expect(counts(split, 'a', { action: 'captcha' })).toEqual(['dropped packet lists:gate captcha']);
    const all = rules({ match: 'a', item: 'dropped', origin: '${scope:name} ${scope:kind} ${attributes:n}' });
    expect(counts(all, 'a', { n: 5 })).toEqual(['dropped request gate.scope own 5 ban']);
  });

  test('what was let through in the end was not dropped: no remediation, bypass, and clean', () => {
    expect(counts(split, 'a', { list: 'x' })).toEqual([]);
    expect(counts(split, 'a', { list: 'x', action: '' })).toEqual([]);
    expect(counts(split, 'a', { list: 'x', action: 'bypass' })).toEqual([]);
    const byOrigin = rules({ match: 'a', item: 'dropped', origin: '${attributes:origin}' });
    for (const origin of ['clean', 'clean_appsec']) expect(counts(byOrigin, 'a', { origin })).toEqual([]);
  });

  test('what was dropped by nobody knows whom was dropped all the same', () => {
    const byOrigin = rules({ match: 'a', item: 'dropped', origin: '${attributes:origin}' });
    expect(counts(byOrigin, 'a')).toEqual(['dropped request unknown ban']);
    expect(counts(split, 'a', { action: 'ban' }, { resource: {} })).toEqual(['dropped packet unknown ban']);
  });

  test('of a gauge by origin and type of address, in ip', () => {
    const gauge = rules({
      match: 'a',
      item: 'active_decisions',
      origin: '${attributes:set}',
      ip_type: '${attributes:family}',
    });
    expect(counts(gauge, 'a', { set: 's', family: 'ipv6' })).toEqual(['active_decisions ip s ipv6']);
  });
});

function said(metrics: string, more = ''): string[] {
  const text = `
receivers: {couic: {}}
exporters:
  crowdsec: {dry_run: true, metrics: [${metrics}]${more}}
extensions: {file_storage: {}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [crowdsec]}}}
`;
  const readFile = () => text;
  try {
    return loadConfig({ configs: ['c.yaml'], sets: [], env: { ORIGIN: 'gate' }, readFile, factories }).warnings.map(
      formatProblem,
    );
  } catch (error) {
    return (error as ConfigError).message.split('\n').map((line) => line.replace('c.yaml:4: exporters.crowdsec.', ''));
  }
}

describe('what is said of rules', () => {
  test('nothing of good ones, with captures as they are and references filled in', () => {
    expect(
      said(
        '{match: a, item: dropped, origin: "${env:ORIGIN}:${attributes:list}", remediation: "${attributes:b:-ban}"}, {match: a, item: processed}, {match: "set_*", where: {resource:service.name: [a, b*], n: 1}, item: active_decisions, origin: set, ip_type: ipv4}, {match: c, item: none}',
      ),
    ).toEqual([]);
  });

  test.each([
    [
      '{match: a, item: dropped}',
      'metrics[0].origin: is required: cscli shows dropped by origin. As in origin: haproxy, or "${attributes:NAME}" for what each series has',
    ],
    [
      '{match: a, item: active_decisions}',
      'metrics[0].origin: is required: cscli shows active_decisions by origin. As in origin: haproxy, or "${attributes:NAME}" for what each series has',
    ],
    [
      '{match: a, item: processed, origin: x}',
      'metrics[0].origin: leave it out: cscli adds all of processed up in its last line, with an origin or without',
    ],
    [
      '{match: a, item: processed, remediation: ban}',
      'metrics[0].remediation: leave it out: processed has none, only dropped has',
    ],
    [
      '{match: a, item: dropped, origin: x, ip_type: ipv4}',
      'metrics[0].ip_type: leave it out: cscli looks at it for active_decisions alone',
    ],
    [
      '{match: a, item: dropped, origin: clean}',
      'metrics[0].origin: "clean" is CrowdSec\'s name for what was let through: count that as processed',
    ],
    [
      '{match: a, item: dropped, origin: x, remediation: bypass}',
      'metrics[0].remediation: "bypass" is CrowdSec\'s name for letting through: count that as processed',
    ],
    ['{match: a, item: none, unit: x}', 'metrics[0].unit: goes with an item, and "none" is none'],
    ['{match: "*a*", item: processed}', 'metrics[0].match: "*a*" has more than one *: write one rule for each'],
    ['{match: a, where: {b: "*c*"}, item: processed}', 'metrics[0].where.b: a pattern has one * at most: write a list'],
    ['{match: a, where: {"scope:": c}, item: processed}', 'metrics[0].where.scope:: names no attribute'],
    [`{match: a, item: dropped, origin: ${'x'.repeat(256)}}`, 'metrics[0].origin: CrowdSec takes 255 characters'],
    [`{match: a, item: ${'x'.repeat(256)}}`, 'metrics[0].item: CrowdSec takes 255 characters'],
    [
      '{match: a, item: dropped, origin: "${attributes:}"}',
      'metrics[0].origin: a capture names an attribute, as in ${attributes:NAME}',
    ],
    [
      '{match: a, item: dropped, origin: "$${other}"}',
      'metrics[0].origin: a capture is ${attributes:NAME}, ${resource:NAME} or ${scope:NAME}',
    ],
    [
      '{match: a, item: dropped, origin: "${other:x}"}',
      'metrics[0].origin: unknown reference: there are ${env:NAME} and ${file:PATH}',
    ],
    [
      '{match: a, item: "${attributes:x}"}',
      'metrics[0].item: unknown reference: there are ${env:NAME} and ${file:PATH}',
    ],
    ['{match: a, itm: processed}', 'metrics[0].itm: unknown option (did you mean "item"?)'],
    ['', 'metrics: must not be empty'],
  ])('%s', (metrics, message) => {
    expect(said(metrics)).toContain(message);
  });

  test('captures stand in no other option', () => {
    expect(said('{match: a, item: processed}', ', api_key: "${attributes:key}"')).toEqual([
      'api_key: unknown reference: there are ${env:NAME} and ${file:PATH}',
    ]);
  });

  test('that cscli shows two remediations of one origin as one sum', () => {
    const two = (origin: string, remediation: string) =>
      `{match: a, item: dropped, origin: "${origin}"}, {match: b, item: dropped, origin: "${origin}", remediation: ${remediation}}`;
    expect(said(two('x', 'captcha'))).toEqual([
      'c.yaml:4: exporters.crowdsec.metrics[1].remediation: cscli has one line for each origin: "x" is "ban" in metrics[0] and "captcha" here, and is shown as one sum',
    ]);
    expect(said(two('x', 'ban'))).toEqual([]);
    expect(said(two('${attributes:x}', 'captcha'))).toEqual([]);
  });
});

test('a rule of the issue is read as it stands there', () => {
  const [first] = z.array(z.unknown()).parse(rulesSchema.parse([{ match: 'm', item: 'processed', unit: 'request' }]));
  expect(first).toEqual({ match: 'm', where: {}, item: 'processed', unit: 'request' });
});
