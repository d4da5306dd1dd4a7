import { expect, test } from 'vitest';
import type { Connection } from '../../../../plugins/receivers/couic/connections.ts';
import { SenderWatch } from '../../../../plugins/receivers/couic/sender-watch.ts';

const HOUR = 3_600_000;

function watch() {
  const warnings: [string, readonly string[]][] = [];
  const senders = new SenderWatch((instance, addresses) => warnings.push([instance, addresses]));
  return { senders, warnings };
}

const connect = (remoteAddress: string): Connection => ({ acceptedAt: 0, lastActive: 0, remoteAddress, requests: 0 });

test('two that take turns on one instance are warned of, once an hour', () => {
  const { senders, warnings } = watch();
  const pair = [connect('127.0.0.1'), connect('127.0.0.1')];
  for (let i = 0; i < 100; i++) senders.came('edge', pair[i % 2]!, i);
  expect(warnings).toEqual([['edge', ['127.0.0.1']]]);
  for (let i = 0; i < 100; i++) senders.came('edge', pair[i % 2]!, HOUR + 100 + i);
  expect(warnings).toHaveLength(2);
});

test('so are two addresses, on connections that are new each time', () => {
  const { senders, warnings } = watch();
  for (let i = 0; i < 10; i++) {
    for (let n = 0; n < 3; n++) senders.came('edge', connect('192.0.2.1'), i * 1000);
    senders.came('edge', connect('192.0.2.2'), i * 1000);
  }
  expect(warnings).toEqual([['edge', expect.arrayContaining(['192.0.2.1', '192.0.2.2'])]]);
});

test('one Couic that connects anew, takes its other connection now and then, or moves, is not', () => {
  const { senders, warnings } = watch();
  const [kept, other] = [connect('192.0.2.1'), connect('192.0.2.1')];
  for (let i = 0; i < 1000; i++) {
    senders.came('edge', connect('192.0.2.1'), i);
    for (let n = 0; n < 5; n++) senders.came('edge', kept, i);
    senders.came('edge', other, i);
    senders.came('edge', kept, i);
  }
  for (let i = 0; i < 4; i++) {
    senders.came('edge', connect('192.0.2.2'), i * 2 * HOUR);
    senders.came('edge', connect('192.0.2.1'), i * 2 * HOUR);
  }
  expect(warnings).toEqual([]);
});

test('two instances, each with its sender, are nothing to warn of', () => {
  const { senders, warnings } = watch();
  const [a, b] = [connect('192.0.2.1'), connect('192.0.2.2')];
  for (let i = 0; i < 100; i++) {
    senders.came('a', a, i);
    senders.came('b', b, i);
  }
  expect(warnings).toEqual([]);
});
