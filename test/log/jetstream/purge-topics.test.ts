import type { JetStreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { Heads } from '../../../src/log/jetstream/heads.ts';
import { purgeTopics } from '../../../src/log/jetstream/purge-topics.ts';

test("of each subject what is up to there goes, but the subject's last message; which that is, is asked where it is not known", async () => {
  const heads = new Heads();
  for (const [topic, last] of Object.entries({ short: 3, far: 90, exact: 11, single: 5 }))
    heads.saw(topic, last, false);
  const calls: unknown[] = [];
  const jsm = {
    streams: {
      async info(stream: string, query: unknown) {
        calls.push(['info', stream, query]);
        const subjects = { 'log.short': 2, 'log.far': 9, 'log.exact': 2, 'log.single': 1, 'log.a.b': 3, 'log.gone': 2 };
        return { state: { subjects } };
      },
      async getMessage(stream: string, query: { last_by_subj: string }) {
        calls.push(['get', stream, query]);
        return query.last_by_subj === 'log.a.b' ? { seq: 7 } : null;
      },
      async purge(stream: string, what: unknown) {
        calls.push(['purge', stream, what]);
      },
    },
  } as unknown as JetStreamManager;
  await purgeTopics(jsm, 'log', 10, heads);
  // A purge takes what is before its sequence.
  expect(calls).toEqual([
    ['info', 'log', { subjects_filter: 'log.>' }],
    ['purge', 'log', { filter: 'log.short', seq: 3 }],
    ['purge', 'log', { filter: 'log.far', seq: 11 }],
    ['purge', 'log', { filter: 'log.exact', seq: 11 }],
    ['get', 'log', { last_by_subj: 'log.a.b' }],
    ['purge', 'log', { filter: 'log.a.b', seq: 7 }],
    ['get', 'log', { last_by_subj: 'log.gone' }],
  ]);
});

test('a stream without a message has no subjects', async () => {
  const jsm = { streams: { info: async () => ({ state: {} }) } } as unknown as JetStreamManager;
  await purgeTopics(jsm, 'log', 10, new Heads());
});
