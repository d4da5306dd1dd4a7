import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BodyError } from '../../src/ledger/ledger.ts';
import { bodyOf, collect, ManualClock, pieces, reportText, sourceOf, split, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const sample = readFileSync(new URL('../testdata/couic-batch.json', import.meta.url));
const START = 1_704_067_200;

test('the sample batch: three reports, one dropped, active rules as they expire', async () => {
  const { ledger, clock } = await startedLedger();
  expect(await ledger.ingest('couic', pieces(sample))).toEqual({ accepted: 3, replayed: 0, quarantined: 0 });
  const before = await collect(ledger.producer());
  expect(before['couic.reports']).toEqual({
    'add automated drop malicious ipv4': 1,
    'add none ignore trusted ipv4': 1,
    'remove manual drop scanner ipv4': 1,
  });
  expect(before['couic.rule.active']).toEqual({ 'drop malicious ipv4': 1, 'ignore trusted ipv4': 1 });
  expect(before['couic.rule.limit']).toEqual({
    'drop ipv4': 262144,
    'drop ipv6': 262144,
    'ignore ipv4': 65536,
    'ignore ipv6': 65536,
  });
  expect(before['couic.report.lag']).toEqual({ '': 2 });
  expect(before['couic.rule.prefix_length']).toEqual({ 'drop ipv4': 1, 'ignore ipv4': 1 });
  expect(before['couic.instance.last_report_timestamp']).toEqual({ '': clock.wall / 1000 });
  await ledger.stop();
});

test('the progress that a receiver gives is raised, also when the body breaks', async () => {
  const { ledger } = await startedLedger();
  const progress = { accepted: 0, replayed: 0, quarantined: 0 };
  const broken = sample.subarray(0, sample.length - 4);
  await expect(ledger.ingest('couic', pieces(broken), { progress })).rejects.toBeInstanceOf(BodyError);
  expect(progress).toEqual({ accepted: 2, replayed: 0, quarantined: 0 });
  expect(await ledger.ingest('couic', pieces(sample), { progress })).toBe(progress);
  expect(progress).toEqual({ accepted: 3, replayed: 2, quarantined: 0 });
  await ledger.stop();
});

test('a report whose rule is over when it arrives is counted, and its rule is not active', async () => {
  const clock = new ManualClock();
  clock.wall = 1_800_000_000_000;
  const { ledger } = await startedLedger(new MemoryStore(), clock);
  await ledger.ingest('couic', pieces(sample));
  const metrics = await collect(ledger.producer());
  expect(metrics['couic.rule.active']).toEqual({ 'ignore trusted ipv4': 1 });
  expect(metrics['couic.rule.expirations']).toEqual({ 'drop malicious ipv4': 1 });
  await ledger.stop();
});

describe('rules', () => {
  test('expire by the clock, and a restart changes nothing', async () => {
    const { ledger, store, clock } = await startedLedger();
    await ledger.ingest(
      'couic',
      pieces(
        bodyOf([
          { expiration: START + 200 },
          { cidr: '2001:db8::/32', expiration: START + 300, tag: null },
          { cidr: '5.5.5.5/32' },
        ]),
      ),
    );
    expect((await collect(ledger.producer()))['couic.rule.active']).toEqual({
      'drop scanner ipv4': 2,
      'drop untagged ipv6': 1,
    });
    await ledger.stop();
    clock.advance(150_000);
    const again = await startedLedger(new MemoryStore(store.log), clock);
    const metrics = await collect(again.ledger.producer());
    expect(metrics['couic.rule.active']).toEqual({ 'drop scanner ipv4': 1, 'drop untagged ipv6': 1 });
    expect(metrics['couic.rule.expirations']).toEqual({ 'drop scanner ipv4': 1 });
    expect(metrics['couic.rule.lifetime']).toEqual({ drop: 1 });
    expect(metrics['couic.reports']).toEqual({ 'add none drop scanner ipv4': 2, 'add none drop untagged ipv6': 1 });
    await again.ledger.stop();
  });

  test('are removed by their own creation only', async () => {
    const { ledger } = await startedLedger();
    const take = (...reports: Parameters<typeof bodyOf>[0]) => ledger.ingest('couic', pieces(bodyOf(reports)));
    const active = async () => (await collect(ledger.producer()))['couic.rule.active'];
    await take({ creation: START + 5 });
    await take({ action: 'remove', creation: START });
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
    await take({ action: 'remove', creation: START + 5 });
    expect(await active()).toBeUndefined();
    await ledger.stop();
  });

  test('are not replaced by an add that is older: one that was on its way for longer', async () => {
    const { ledger } = await startedLedger();
    await ledger.ingest('edge', pieces(bodyOf([{ creation: 1_704_067_250, tag: 'newer', expiration: 1_704_070_000 }])));
    await ledger.ingest('edge', pieces(bodyOf([{ creation: 1_704_067_240, tag: 'older', expiration: 1_704_067_310 }])));
    expect((await collect(ledger.producer(['edge'])))['couic.rule.active']).toEqual({ 'drop newer ipv4': 1 });
    await ledger.ingest('edge', pieces(bodyOf([{ creation: 1_704_067_260, tag: 'newest' }])));
    expect((await collect(ledger.producer(['edge'])))['couic.rule.active']).toMatchObject({ 'drop newest ipv4': 1 });
  });

  test('whose removal overtook its add do not stay; a minute later the removal is forgotten', async () => {
    const { ledger, clock } = await startedLedger();
    const take = (...reports: Parameters<typeof bodyOf>[0]) => ledger.ingest('couic', pieces(bodyOf(reports)));
    await take({ action: 'remove' });
    await take({ action: 'add', kind: 'late' });
    expect((await collect(ledger.producer()))['couic.rule.active']).toBeUndefined();
    await take({ action: 'remove', cidr: '8.8.8.8/32' });
    clock.advance(59_900);
    await take({ action: 'add', cidr: '8.8.8.8/32' });
    expect((await collect(ledger.producer()))['couic.rule.active']).toBeUndefined();
    await take({ action: 'remove', cidr: '9.9.9.9/32' });
    clock.advance(61_000);
    await take({ action: 'add', cidr: '9.9.9.9/32' });
    expect((await collect(ledger.producer()))['couic.rule.active']).toEqual({ 'drop scanner ipv4': 1 });
    await ledger.stop();
  });

  test('of two Couics, policies and families do not meet', async () => {
    const { ledger } = await startedLedger();
    const same = [{}, { policy: 'ignore' as const }, { cidr: '::1/128' }, { cidr: '1.2.3.0/24' }];
    await ledger.ingest('a', pieces(bodyOf(same)));
    await ledger.ingest('b', pieces(bodyOf(same)));
    const active = { 'drop scanner ipv4': 2, 'ignore scanner ipv4': 1, 'drop scanner ipv6': 1 };
    expect((await collect(ledger.producer(['a'])))['couic.rule.active']).toEqual(active);
    expect((await collect(ledger.producer(['b'])))['couic.rule.active']).toEqual(active);
    await ledger.stop();
  });
});

test('tags and kinds beyond their caps become _OTHER, are counted, and stay so after a restart', async () => {
  const limits = { tags: 2, kinds: 1 };
  const { ledger, store } = await startedLedger(new MemoryStore(), new ManualClock(), limits);
  const reports = ['a', 'b', 'c', 'd', null].map((tag, i) => ({ tag, kind: `k${i}`, cidr: `1.0.0.${i}/32` }));
  await ledger.ingest('couic', pieces(bodyOf(reports)));
  const expected = {
    'add k0 drop a ipv4': 1,
    'add _OTHER drop b ipv4': 1,
    'add _OTHER drop _OTHER ipv4': 2,
    'add _OTHER drop untagged ipv4': 1,
  };
  const metrics = await collect(ledger.producer());
  expect(metrics['couic.reports']).toEqual(expected);
  expect(metrics['couic.attribute.overflows']).toEqual({ 'couic.rule.tag': 2, 'couic.report.kind': 4 });
  await ledger.stop();
  const again = await startedLedger(new MemoryStore(store.log), new ManualClock(), { tags: 10, kinds: 10 });
  expect((await collect(again.ledger.producer()))['couic.reports']).toEqual(expected);
  await again.ledger.stop();
});

test('a kind that is too long to be one is _OTHER, of whatever length its report is, and takes no place', async () => {
  const { ledger } = await startedLedger(new MemoryStore(), new ManualClock(), { tags: 2, kinds: 1 });
  const kinds = ['k'.repeat(65), 'k'.repeat(100_000), '_OTHER', 'manual'];
  await ledger.ingest('couic', pieces(bodyOf(kinds.map((kind, i) => ({ kind, cidr: `1.0.0.${i}/32` })))));
  const metrics = await collect(ledger.producer());
  expect(metrics['couic.reports']).toEqual({
    'add _OTHER drop scanner ipv4': 3,
    'add manual drop scanner ipv4': 1,
  });
  expect(metrics['couic.attribute.overflows']).toEqual({ 'couic.report.kind': 3 });
  await ledger.stop();
});

describe('a body', () => {
  test('that is broken is refused after what came whole before the break, and its retry counts nothing twice', async () => {
    const { ledger } = await startedLedger();
    const broken = `[${reportText({})},${reportText({ cidr: '5.5.5.5/32' })},{"action":`;
    const error = await ledger.ingest('couic', pieces(broken)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BodyError);
    expect((error as BodyError).result).toEqual({ accepted: 2, replayed: 0, quarantined: 0 });
    const again = await ledger.ingest('couic', pieces(broken)).catch((caught: unknown) => caught);
    expect((again as BodyError).result).toEqual({ accepted: 0, replayed: 2, quarantined: 0 });
    await ledger.stop();
  });

  test('with reports that are not valid keeps the rest, and quarantines them once', async () => {
    const { ledger } = await startedLedger();
    const body = `[${reportText({})},{"action":"bogus"},17,${reportText({ cidr: '5.5.5.5/32' })}]`;
    expect(await ledger.ingest('couic', pieces(body))).toEqual({ accepted: 2, replayed: 0, quarantined: 2 });
    expect(ledger.quarantined().map(({ reason, text }) => [reason, text])).toEqual([
      ['unknown_action', '{"action":"bogus"}'],
      ['not_an_object', '17'],
    ]);
    expect(await ledger.ingest('couic', pieces(body))).toEqual({ accepted: 0, replayed: 4, quarantined: 0 });
    expect(ledger.quarantined()).toHaveLength(2);
    await ledger.stop();
  });

  test('hands over its lines when it is small, and none when it is not', async () => {
    const { ledger } = await startedLedger();
    const lines: unknown[] = [];
    const options = { linesUpTo: 2, onReports: (reports: readonly unknown[]) => void lines.push(...reports) };
    await ledger.ingest('couic', pieces(bodyOf([{}, { action: 'remove', tag: null, cidr: '2001:db8::/32' }])), options);
    expect(lines).toEqual([
      { action: 'add', policy: 'drop', cidr: '1.2.3.4/32', tag: 'scanner' },
      { action: 'remove', policy: 'drop', cidr: '2001:db8::/32', tag: null },
    ]);
    lines.length = 0;
    await ledger.ingest('couic', pieces(bodyOf([{ tag: 'x' }, { tag: 'y' }, { tag: 'z' }])), options);
    expect(lines).toEqual([]);
    await ledger.stop();
  });

  test('is not counted when its commit fails, and is when it comes again', async () => {
    const { ledger, store } = await startedLedger();
    store.failure = new Error('disk full');
    await expect(ledger.ingest('couic', pieces(sample))).rejects.toThrow('disk full');
    expect((await collect(ledger.producer()))['couic.reports']).toBeUndefined();
    store.failure = null;
    expect(await ledger.ingest('couic', pieces(sample))).toEqual({ accepted: 3, replayed: 0, quarantined: 0 });
    await ledger.stop();
  });

  test('that stops moving has what it brought committed, before its sender hangs up', async () => {
    const { ledger } = await startedLedger();
    let hangUp = (_: Error) => {};
    async function* stalling() {
      yield* split(bodyOf([{}, { cidr: '5.5.5.5/32' }]).slice(0, -1));
      await new Promise((_, reject) => {
        hangUp = reject;
      });
    }
    const progress = { accepted: 0, replayed: 0, quarantined: 0 };
    const taken = ledger.ingest('couic', sourceOf(stalling()), { progress });
    await expect.poll(() => progress.accepted).toBe(2);
    hangUp(new Error('hung up'));
    await expect(taken).rejects.toThrow('hung up');
    expect(await ledger.ingest('couic', pieces(bodyOf([{}, { cidr: '5.5.5.5/32' }])))).toMatchObject({ replayed: 2 });
    await ledger.stop();
  });

  test('whose client is gone before its turn does nothing', async () => {
    const { ledger } = await startedLedger();
    await expect(
      ledger.ingest('couic', pieces(sample), { signal: AbortSignal.abort(new Error('gone')) }),
    ).rejects.toThrow('gone');
    expect((await collect(ledger.producer()))['couic.reports']).toBeUndefined();
    await ledger.stop();
  });
});
