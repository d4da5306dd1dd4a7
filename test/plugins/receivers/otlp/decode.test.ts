import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { type Observed, observe } from '../../../../plugins/receivers/otlp/decode/observations.ts';
import { MalformedRequest, type Piece, POINTS_A_PIECE } from '../../../../plugins/receivers/otlp/decode/piece.ts';
import { splitJson } from '../../../../plugins/receivers/otlp/decode/split-json.ts';
import { splitProtobuf } from '../../../../plugins/receivers/otlp/decode/split-protobuf.ts';
import { AggregationTemporality } from '../../../../plugins/receivers/otlp/proto/metrics_pb.ts';
import { ExportMetricsServiceRequestSchema } from '../../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';
import { counterOf, jsonOf, pair, protobufOf } from './requests.ts';

const { CUMULATIVE, DELTA, UNSPECIFIED } = AggregationTemporality;
const values = Array.from({ length: 2 * POINTS_A_PIECE + 1 }, (_, n) => n);

function pointsOf(observed: Observed): unknown[] {
  return 'refusal' in observed ? [observed.refusal, observed.points] : [...observed.points];
}

const each = (pieces: Iterable<Piece>) => [...pieces].map(observe);

describe.each([
  ['protobuf', splitProtobuf, protobufOf],
  ['JSON', splitJson, jsonOf],
] as const)('a request in %s', (_name, split, written) => {
  test('is taken in pieces, of which each says of what it is', () => {
    const pieces = [...split(written([counterOf(values), counterOf([7], { name: 'more' })], 'b'))];
    expect(pieces.map(({ metric }) => metric.name)).toEqual(['calls', 'calls', 'calls', 'more']);
    expect(new Set(pieces.map(({ resource }) => resource)).size).toBe(1);
    const observed = pieces.map(observe);
    expect(observed.flatMap(pointsOf).map((point) => (point as { value: number }).value)).toEqual([...values, 7]);
    for (const each of observed)
      expect(each).toMatchObject({
        info: {
          resource: { host: 'b' },
          scope: { name: 'test', version: '', attributes: {} },
          unit: '{call}',
          kind: 'counter',
        },
      });
  });

  test('has points of all kinds', () => {
    const data = { attributes: [pair('n', '1')], startTimeUnixNano: 1n, timeUnixNano: 1_700_000_000_000_000_000n };
    const point = { ...data, value: { case: 'asDouble' as const, value: 1.5 } };
    const observed = each(
      split(
        written([
          { name: 'gauge', data: { case: 'gauge', value: { dataPoints: [point, { ...point, flags: 1 }] } } },
          {
            name: 'sum',
            data: { case: 'sum', value: { aggregationTemporality: DELTA, isMonotonic: false, dataPoints: [point] } },
          },
          {
            name: 'histogram',
            data: {
              case: 'histogram',
              value: {
                aggregationTemporality: CUMULATIVE,
                dataPoints: [
                  { ...data, count: 3n, sum: 4.5, bucketCounts: [1n, 2n], explicitBounds: [1] },
                  { ...data, count: 3n },
                ],
              },
            },
          },
        ]),
      ),
    );
    const common = { attributes: { n: '1' }, start: 1, time: 1.7e18 };
    expect(observed.map((some) => ['info' in some && some.info.kind, pointsOf(some)])).toEqual([
      [
        'gauge',
        [
          { ...common, temporality: 'cumulative', value: 1.5 },
          { ...common, temporality: 'cumulative', value: 'ended' },
        ],
      ],
      ['updowncounter', [{ ...common, temporality: 'delta', value: 1.5 }]],
      [
        'histogram',
        [
          { ...common, temporality: 'cumulative', value: { bounds: [1], counts: [1, 2], count: 3, sum: 4.5 } },
          { ...common, temporality: 'cumulative', value: { bounds: [], counts: [3], count: 3, sum: undefined } },
        ],
      ],
    ]);
  });

  test('has what is not kept, with why', () => {
    const point = { timeUnixNano: 1n };
    const observed = each(
      split(
        written([
          {
            name: 'a',
            data: {
              case: 'exponentialHistogram',
              value: { aggregationTemporality: DELTA, dataPoints: [point, point] },
            },
          },
          { name: 'b', data: { case: 'summary', value: { dataPoints: [point] } } },
          { name: 'c', data: { case: 'sum', value: { aggregationTemporality: UNSPECIFIED, dataPoints: [point] } } },
          { name: 'd' },
        ]),
      ),
    );
    expect(observed.map(pointsOf)).toEqual([
      ['exponential', 2],
      ['summary', 1],
      ['temporality', 1],
      ['empty', 0],
    ]);
  });

  test('has attributes of all types', () => {
    const list = {
      case: 'arrayValue' as const,
      value: { values: [{ value: { case: 'intValue' as const, value: 1n } }] },
    };
    const metric = counterOf([1]);
    metric.data.value.dataPoints[0]!.attributes = [
      { key: 'bool', value: { value: { case: 'boolValue', value: true } } },
      { key: 'int', value: { value: { case: 'intValue', value: -5n } } },
      { key: 'large', value: { value: { case: 'intValue', value: 2n ** 60n } } },
      { key: 'double', value: { value: { case: 'doubleValue', value: 0.5 } } },
      { key: 'bytes', value: { value: { case: 'bytesValue', value: new Uint8Array([1, 2]) } } },
      { key: 'list', value: { value: list } },
      { key: 'map', value: { value: { case: 'kvlistValue', value: { values: [pair('a', 'b')] } } } },
      { key: '__proto__', value: { value: { case: 'stringValue', value: 'own' } } },
      { key: 'nothing' },
      // biome-ignore lint/suspicious/noExplicitAny: the counter has strings
    ] as any;
    const [point] = pointsOf(observe([...split(written([metric]))][0]!)) as { attributes: object }[];
    expect(Object.entries(point!.attributes)).toEqual([
      ['bool', true],
      ['int', -5],
      ['large', String(2n ** 60n)],
      ['double', 0.5],
      ['bytes', 'AQI='],
      ['list', '[1]'],
      ['map', '{"a":"b"}'],
      ['__proto__', 'own'],
    ]);
  });

  test('without anything is none', () => {
    expect([...split(written([]))]).toEqual([]);
  });
});

test('the fields of a message may come in any order, and in parts', () => {
  const whole = protobufOf([counterOf(values)]);
  const message = (tag: number, bytes: Uint8Array) => {
    const length = [];
    for (let rest = bytes.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([(tag << 3) | 2, ...length]), bytes]);
  };
  // Of resource_metrics: what it has, taken apart by hand, with the scope before the resource.
  const resource = toBinary(
    ExportMetricsServiceRequestSchema,
    create(ExportMetricsServiceRequestSchema, { resourceMetrics: [{ resource: { attributes: [pair('host', 'a')] } }] }),
  );
  const scopes = toBinary(
    ExportMetricsServiceRequestSchema,
    create(ExportMetricsServiceRequestSchema, {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [counterOf(values)] }] }],
    }),
  );
  const inner = (bytes: Uint8Array) => bytes.subarray(bytes.findIndex((byte, at) => at > 0 && byte < 128) + 1);
  const turned = message(1, Buffer.concat([inner(scopes), inner(resource)]));
  const [first] = each(splitProtobuf(turned));
  expect(first).toMatchObject({ info: { resource: { host: 'a' } } });
  expect(each(splitProtobuf(turned)).flatMap(pointsOf)).toEqual(each(splitProtobuf(whole)).flatMap(pointsOf));
});

describe('what is no request', () => {
  const cut = protobufOf([counterOf(values)]);
  test.each<[string, Iterable<Piece>]>([
    ['cut off', splitProtobuf(cut.subarray(0, cut.length - 3))],
    ['text', splitProtobuf(Buffer.from('hello, this is no protobuf'))],
    ['a group that does not end', splitProtobuf(new Uint8Array([0x0b, 0x0b, 0x0b]))],
    ['a length beyond everything', splitProtobuf(new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))],
    ['no JSON', splitJson(Buffer.from('{'))],
    ['a JSON list', splitJson(Buffer.from('[]'))],
    ['a JSON word', splitJson(Buffer.from('null'))],
    ['a list that is none', splitJson(Buffer.from('{"resourceMetrics": {}}'))],
    [
      'a point that is none',
      splitJson(Buffer.from('{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[7]}}]}]}]}')),
    ],
  ])('%s is said to be malformed', (_name, pieces) => {
    expect(() => [...pieces]).toThrow(MalformedRequest);
  });

  test('of JSON, fields that are not known are passed over, and numbers may be text', () => {
    const json = {
      resourceMetrics: [
        {
          new: 1,
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'x',
                  new: {},
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [{ asInt: '5', timeUnixNano: '7', exemplars: [{ spanId: 'eee19b7ec3c1b174' }] }],
                  },
                },
              ],
            },
          ],
        },
      ],
    };
    const [observed] = each(splitJson(Buffer.from(JSON.stringify(json))));
    expect(pointsOf(observed!)).toMatchObject([{ value: 5, time: 7 }]);
  });
});
