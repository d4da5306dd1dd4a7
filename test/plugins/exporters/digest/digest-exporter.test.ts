import { afterEach, beforeEach, expect, test } from 'vitest';
import { ERASE_OPERATION } from '../../../../src/service/admin/erase.ts';
import { Discord } from '../../../support/discord/server.ts';
import { until } from '../../../support/fake-time.ts';
import { DigestHarness, MINUTE } from './harness.ts';

let discord: Discord;
let options: Record<string, unknown>;
let harnesses: DigestHarness[];
beforeEach(async () => {
  discord = new Discord();
  options = { notifiers: { discord: [{ webhook_url: await discord.open() }] } };
  harnesses = [];
});
afterEach(async () => {
  for (const harness of harnesses) await harness.stop();
  await discord.close();
});

async function start(changes: Record<string, unknown> = {}, before?: DigestHarness): Promise<DigestHarness> {
  const harness = await new DigestHarness({ ...options, ...changes }, before).start();
  harnesses.push(harness);
  return harness;
}

async function kill(harness: DigestHarness): Promise<void> {
  harnesses.splice(harnesses.indexOf(harness), 1);
  await harness.kill();
}

const arrived = (messages: number) =>
  until(() => discord.messages.length >= messages, `${messages} messages at Discord`);
/** `Total CIDRs`, `Distinct CIDRs` of each message. */
const totals = () =>
  discord.messages.map(({ embeds }) =>
    (embeds![0]!.fields as { value: string }[]).slice(0, 2).map(({ value }) => Number(/\d+/.exec(value)![0])),
  );
const fieldOf = (name: string, message = discord.messages.at(-1)!) =>
  (message.embeds![0]!.fields as { name: string; value: string }[]).find((field) => field.name === name)?.value;

test('counts as couic-report does: adds of both policies, networks once, removals not', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }, { cidr: '10.0.0.2/32', policy: 'ignore', tag: null }]);
  await harness.report([{ cidr: '10.0.0.1/32', action: 'remove', creation: 1_704_067_201 }]);
  await harness.report([{ cidr: '10.0.0.1/32', tag: 'ssh' }]);
  await harness.report([{ cidr: '2001:db8::/32', tag: 'ssh' }], 'lyon');
  await harness.pass();
  await arrived(1);
  expect(totals()).toEqual([[4, 3]]);
  // Discord then answers once the message is kept.
  expect(discord.requests[0]!.url).toMatch(/\?wait=true$/);
  expect(fieldOf('Top Tag')).toBe(':satellite: **ssh** (×2)');
  expect(fieldOf('Top Tags')).toBe('ssh (×2)\nscanner (×1)');
  expect(fieldOf('By Couic')).toBe('**paris**: 3, 2 distinct\n**lyon**: 1, 1 distinct');
  expect(fieldOf('Dropped Packets')).toBeUndefined();
  expect(harness.context.logged).toContain('info Digest of 4 added rules (green): to be sent to all notifiers');
});

test('is silent on an interval without a report, and below threshold_min; the next begins at nothing', async () => {
  const harness = await start({ thresholds: { orange: 2, red: 3, threshold_min: 'orange' } });
  await harness.pass();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  await harness.pass();
  await harness.report([{ cidr: '10.0.0.2/32' }, { cidr: '10.0.0.3/32' }]);
  await harness.pass();
  await arrived(1);
  expect(totals()).toEqual([[2, 2]]);
  expect(discord.messages[0]!.embeds![0]!.color).toBe(0xff9500);
});

test('a restart within an interval loses nothing, counts nothing twice, and begins no new interval', async () => {
  const first = await start();
  await first.report([{ cidr: '10.0.0.1/32' }]);
  first.time.advance(5 * MINUTE);
  await kill(first);
  const second = await start({}, first);
  await second.report([{ cidr: '10.0.0.1/32' }, { cidr: '10.0.0.2/32' }]);
  await second.pass(10 * MINUTE);
  await arrived(1);
  expect(totals()).toEqual([[3, 2]]);
  expect(discord.messages[0]!.embeds![0]!.title).toBe('📊 15-minute Report Summary');
});

test('killed at any moment, all is told, and nothing twice that was written down as told', async () => {
  let before: DigestHarness | undefined;
  for (let run = 0; run < 6; run++) {
    const harness = await start({}, before);
    await harness.report([{ cidr: `10.0.0.${run}/32` }, { cidr: '192.0.2.1/32' }]);
    harness.time.advance(15 * MINUTE);
    for (let turns = 0; turns < run * 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    await kill(harness);
    before = harness;
  }
  const last = await start({}, before);
  await last.report([{ cidr: '198.51.100.1/32' }]);
  await last.pass();
  await until(() => sent(last) === told(last).length, 'all to be told');
  expect(told(last).reduce((sum, { total }) => sum + total, 0)).toBe(13);
  const times = discord.messages.map(({ embeds }) => embeds![0]!.timestamp);
  // At least once: what Discord took in the moment of a kill comes again, with the time that it had.
  expect(new Set(times).size).toBe(told(last).length);
});

const sent = (harness: DigestHarness) => harness.records.filter(({ fate }) => fate === 'sent').length;
const told = (harness: DigestHarness) => harness.records.flatMap(({ digest }) => (digest ? [digest] : []));

test('killed after an interval was closed and before the log let go of it, it is told under one id, and counted once', async () => {
  const first = await start();
  await first.report([{ cidr: '10.0.0.1/32' }]);
  await first.pass();
  await until(() => sent(first) === 1);
  await kill(first);
  const { entries } = first.log;
  entries.splice(entries.findIndex(({ record }) => Buffer.from(record).includes('"digest"')) + 1);
  first.log.last = entries.at(-1)!.position;
  const second = await start({}, first);
  await second.report([{ cidr: '10.0.0.2/32' }]);
  await second.pass();
  await until(() => sent(second) === 2);
  expect(totals()).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  expect(discord.messages[1]).toEqual(discord.messages[0]);
  expect(told(second)).toHaveLength(2);
});

test('a bridge that was down over the end of intervals tells of them together, and says how long', async () => {
  const first = await start();
  await first.report([{ cidr: '10.0.0.1/32' }]);
  await kill(first);
  first.time.advance(61 * MINUTE);
  const second = await start({}, first);
  await arrived(1);
  expect(totals()).toEqual([[1, 1]]);
  expect(discord.messages[0]!.embeds![0]!.title).toBe('📊 1-hour Report Summary');
  await second.report([{ cidr: '10.0.0.2/32' }]);
  await second.pass(14 * MINUTE);
  await arrived(2);
  expect(totals()[1]).toEqual([1, 1]);
});

test('what was reported while no digest was configured is in none', async () => {
  const first = await start();
  await first.pass();
  await kill(first);
  // Its reader's place is lost with its configuration.
  first.log.entries.push({
    position: ++first.log.last,
    time: first.time.now(),
    epoch: '0'.repeat(16),
    topic: 'reader/digest',
    record: Buffer.from('null'),
  });
  first.time.advance(40 * MINUTE);
  const second = await start({}, first);
  await second.report([{ cidr: '10.0.0.1/32' }]);
  second.time.advance(14 * MINUTE);
  await second.report([{ cidr: '10.0.0.2/32' }]);
  await second.pass(MINUTE);
  await arrived(1);
  expect(totals()).toEqual([[2, 2]]);
  expect(discord.messages[0]!.embeds![0]!.title).toBe('📊 15-minute Report Summary');
});

test('Discord is asked again when it says, and told once', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  discord.limit(64.57);
  await harness.pass();
  await until(() => discord.requests.length === 1);
  await until(() => harness.time.waits.includes(64_570), 'a wait of 64.57 s');
  harness.time.advance(64_569);
  expect(discord.requests).toHaveLength(1);
  harness.time.advance(1);
  await arrived(1);
  expect(totals()).toEqual([[1, 1]]);
});

test('what Discord is away for waits, over restarts, and comes in order', async () => {
  const first = await start();
  discord.token = null;
  await first.report([{ cidr: '10.0.0.1/32' }]);
  await first.pass();
  await until(() => discord.requests.length === 1);
  await first.report([{ cidr: '10.0.0.2/32' }, { cidr: '10.0.0.3/32' }]);
  await first.pass();
  await kill(first);
  discord.token = new URL(
    (options.notifiers as { discord: { webhook_url: string }[] }).discord[0]!.webhook_url,
  ).pathname
    .split('/')
    .at(-1)!;
  await start({}, first);
  await arrived(2);
  expect(totals()).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('tells the status page what it counts, what waits and why', async () => {
  const harness = await start();
  discord.token = null;
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  await harness.pass();
  await until(() => harness.exporter.status().trouble !== null);
  await harness.report([{ cidr: '10.0.0.2/32' }]);
  const { trouble, ...status } = harness.exporter.status();
  expect(trouble).toMatch(/^discord: http:\S+ answered 404, code 10015: the webhook is not there any more/);
  expect(status).toMatchObject({
    where: expect.stringMatching(/^discord at http:\/\/127.0.0.1:\d+$/),
    queue: { size: 1, unit: 'digests', oldest: 2 },
    lastSuccess: null,
    panels: [{ title: 'Digests' }],
  });
});

test('of several bridges one that may not send now tells nobody, and what waits goes when it may', async () => {
  const harness = await start();
  harness.acts = false;
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  await harness.pass();
  await until(() => told(harness).length === 1);
  for (let turn = 0; turn < 10; turn++) {
    harness.time.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(discord.requests).toEqual([]);
  harness.acts = true;
  harness.time.advance(10_000);
  await arrived(1);
});

test('an answer that is lost has it sent again, which Discord cannot tell', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  discord.faults.push({ kind: 'lost' });
  await harness.pass();
  await arrived(1);
  await until(() => {
    harness.time.advance(1000);
    return discord.messages.length === 2;
  });
  expect(discord.messages[0]).toEqual(discord.messages[1]);
});

test('what Discord has taken is not sent again while the disk is full', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  discord.limit(60);
  await harness.pass();
  await until(() => harness.time.waits.includes(60_000));
  harness.failure = new Error('no space left on device');
  harness.time.advance(60_000);
  await until(() => harness.context.logged.some((line) => line.includes('cannot be written down')));
  for (let turn = 0; turn < 5; turn++) {
    harness.time.advance(30_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  harness.failure = undefined;
  await until(() => {
    harness.time.advance(1000);
    return sent(harness) === 1;
  });
  expect(discord.messages).toHaveLength(1);
});

test('an interval that cannot be closed on a full disk is closed when there is room, with all that came', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  harness.failure = new Error('no space left on device');
  harness.time.advance(15 * MINUTE);
  await until(() => harness.context.logged.some((line) => line.includes('could not be written down')));
  harness.failure = undefined;
  await harness.report([{ cidr: '10.0.0.2/32' }]);
  await until(() => {
    harness.time.advance(1000);
    return discord.messages.length === 1;
  });
  expect(totals()).toEqual([[2, 2]]);
});

test('what the bounds of queue took before it was counted is told as missing', async () => {
  const first = await start();
  await first.report([{ cidr: '10.0.0.1/32' }]);
  await kill(first);
  const second = new DigestHarness(options, first);
  harnesses.push(second);
  // The reader's place is before the first that is kept.
  const { log } = second;
  const lost = log.entries.findIndex(({ topic }) => topic === 'couic/paris') + 1;
  log.snapshot = undefined;
  const folded = new DigestHarness(options, first);
  await folded.runner.load();
  await folded.runner.close();
  log.snapshot = folded.log.snapshot;
  log.entries.splice(0, lost);
  log.first += lost;
  await second.start();
  await second.report([{ cidr: '10.0.0.2/32' }]);
  await second.pass();
  await arrived(1);
  expect(totals()).toEqual([[1, 1]]);
  expect(fieldOf('Incomplete')).toBe('Reports were lost before they were counted: there was more.');
});

test('what Discord will never take is dropped, and what comes after it is not held up', async () => {
  const harness = await start();
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  discord.faults.push({ kind: 'answer', status: 400, body: '{"message":"Invalid Form Body","code":50035}' });
  await harness.pass();
  await until(() => harness.records.some(({ fate }) => fate === 'refused'));
  await harness.report([{ cidr: '10.0.0.2/32' }]);
  await harness.pass();
  await arrived(1);
  expect(harness.context.logged.filter((line) => line.startsWith('error'))).toEqual([
    expect.stringMatching(/^error discord will never take a digest, it is dropped: http:\S+ answered 400, code 50035/),
  ]);
});

test('of more than a hundred that wait the oldest is dropped', async () => {
  const before = new DigestHarness(options);
  for (let n = 0; n < 102; n++) {
    const digest = { id: `waits-${n}`, to: before.time.now(), total: n, tags: [], networks: [], instances: [] };
    const closed = { type: 'closed', through: 0, drops: {}, digest, notifiers: ['discord'] };
    before.log.push('exporter/digest', Buffer.from(JSON.stringify(closed)), 1, { epoch: '0'.repeat(16) });
  }
  discord.token = null;
  const harness = await start({}, before);
  await until(() => discord.requests.length > 0);
  expect(harness.records.flatMap(({ fate, id }) => (fate === 'too_many' ? [id] : []))).toEqual(['waits-0', 'waits-1']);
});

test('what is older than max_elapsed_time is given up', async () => {
  const harness = await start({ retry_on_failure: { max_elapsed_time: '10m' } });
  discord.token = null;
  await harness.report([{ cidr: '10.0.0.1/32' }]);
  await harness.pass();
  await until(() => {
    if (discord.requests.length > 0) harness.time.advance(MINUTE);
    return harness.records.some(({ fate }) => fate === 'expired');
  });
  expect(discord.messages).toEqual([]);
});

test('packets that were dropped are counted between intervals, over restarts of both sides', async () => {
  const dropped = (packets: bigint) => ({
    xdp: new Map([['XDP_DROP', { packets, bytes: 60n * packets }]]),
    drop: new Map(),
    ignore: new Map(),
  });
  const first = await start();
  const interval = async (harness: DigestHarness, ...counters: bigint[]) => {
    await harness.report([{ cidr: '10.0.0.1/32' }]);
    for (const packets of counters) await harness.ledger.recordTraffic('paris', dropped(packets));
    const before = told(harness).length;
    await harness.pass();
    await until(() => sent(harness) === before + 1);
    return fieldOf('Dropped Packets');
  };
  // What it had counted before anybody read it is nobody's.
  expect(await interval(first, 1000n, 1010n)).toBe(':no_entry: **10**');
  expect(await interval(first)).toBe(':no_entry: **0**');
  await first.ledger.recordTraffic('paris', dropped(1025n));
  await kill(first);
  const second = await start({}, first);
  // Couic began again from 0.
  expect(await interval(second, 1040n, 7n)).toBe(':no_entry: **37**');
  expect(await interval(second, 8n)).toBe(':no_entry: **1**');
});

test('networks are named when it is asked for, as the privacy options have them', async () => {
  const harness = await start({ top_networks: 2, addresses: 'truncate' });
  await harness.report(['10.0.1.1', '10.0.1.2', '10.0.2.1', '10.0.3.1'].map((address) => ({ cidr: `${address}/32` })));
  await harness.pass();
  await arrived(1);
  expect(fieldOf('Top Networks')!.replaceAll('\\', '')).toBe('10.0.1.0/24 (×2)\n10.0.2.0/24 (×1)');
  expect(JSON.stringify(discord.messages)).not.toContain('10.0.1.1');
});

test('who is erased is in no digest of the interval any more, nor in one that waits', async () => {
  const harness = await start({ top_networks: 5 });
  discord.token = null;
  await harness.report([{ cidr: '192.0.2.1/32' }, { cidr: '10.0.0.1/32' }]);
  await harness.pass();
  await harness.report([{ cidr: '192.0.2.1/32' }, { cidr: '10.0.0.2/32' }]);
  await harness.ledger.operations[ERASE_OPERATION]!({ network: '192.0.2.1' });
  await harness.pass();
  const texts = JSON.stringify([
    harness.records,
    harness.log.snapshot!.pieces.map(({ bytes }) => Buffer.from(bytes).toString()),
  ]);
  expect(texts).not.toContain('192.0.2.1');
  const digests = harness.records.flatMap((record) => (record.digest ? [record.digest] : []));
  expect(digests.at(-1)).toMatchObject({ total: 1, networks: [['10.0.0.2/32', 1]] });
});
