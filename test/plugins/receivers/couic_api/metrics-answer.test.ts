import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseMetrics } from '../../../../plugins/receivers/couic_api/metrics-answer.ts';

const SAMPLE = readFileSync(new URL('../../../testdata/couic-metrics.json', import.meta.url), 'utf8');

test('reads the answer of a Couic', () => {
  expect(parseMetrics(SAMPLE)).toEqual({
    xdp: new Map([
      ['XDP_REDIRECT', { packets: 0n, bytes: 0n }],
      ['XDP_ABORTED', { packets: 0n, bytes: 0n }],
      ['XDP_PASS', { packets: 575_936n, bytes: 45_833_797n }],
      ['XDP_TX', { packets: 0n, bytes: 0n }],
      ['XDP_DROP', { packets: 29_172n, bytes: 2_356_733n }],
    ]),
    drop: new Map([
      ['fail2ban-sshd', { packets: 20_922n, bytes: 1_710_067n }],
      ['untagged', { packets: 8250n, bytes: 646_666n }],
    ]),
    ignore: new Map([['office', { packets: 512n, bytes: 40_960n }]]),
    rules: { drop: 6, ignore: 1 },
  });
});

test('reads counters up to 64 bits exactly, however the answer is spaced', () => {
  const most = '18446744073709551615';
  for (const space of ['', ' ', '\n']) {
    const text = SAMPLE.replace('45833797', `${space}${most}${space}`);
    expect(parseMetrics(text).xdp.get('XDP_PASS')?.bytes).toBe(2n ** 64n - 1n);
  }
});

test('reads the counters of a set whose name has letters of any script', () => {
  const text = SAMPLE.replace('"fail2ban-sshd"', '"blocklist-é.couic"');
  expect([...parseMetrics(text).drop.keys()]).toEqual(['blocklist-é.couic', 'untagged']);
});

test('passes over names that Couic does not write', () => {
  const answer = JSON.parse(SAMPLE);
  answer.xdp.SOMETHING = answer.xdp.XDP_TX;
  answer.drop_tags.tags['a\nb'] = answer.xdp.XDP_TX;
  answer.more = 'later versions may say more';
  expect(parseMetrics(JSON.stringify(answer))).toEqual(parseMetrics(SAMPLE));
});

describe('says what is wrong with', () => {
  const changed = (change: (answer: Record<string, never>) => void) => {
    const answer = JSON.parse(SAMPLE);
    change(answer);
    return JSON.stringify(answer);
  };
  test.each([
    ['<html>', 'the answer is not JSON'],
    ['[]', 'the answer is not an object'],
    ['{}', 'xdp is not an object'],
    [changed((answer) => delete answer.drop_tags), 'drop_tags is not an object'],
    [
      changed((answer) => delete (answer as never as { ignore_tags: { tags?: object } }).ignore_tags.tags),
      'ignore_tags.tags is not an object',
    ],
    [SAMPLE.replace('20922', '-1'), 'a counter of drop_tags.tags is not a whole number'],
    [SAMPLE.replace('20922', '1.5'), 'a counter of drop_tags.tags is not a whole number'],
    [SAMPLE.replace('29172', '"1"'), 'a counter of xdp is not a whole number'],
    [SAMPLE.replace('29172', '9'.repeat(30)), 'a counter of xdp is not a whole number'],
  ])('%#', (text, message) => {
    expect(() => parseMetrics(text)).toThrow(message);
  });
});
