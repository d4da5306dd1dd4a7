import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileConfig, schema } from '../../../../plugins/exporters/file/config.ts';
import { FileSink } from '../../../../plugins/exporters/file/sink.ts';
import type { RuleEvent } from '../../../../src/events/event.ts';
import { exporterContext } from '../../../support/exporter-context.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { addedEvent } from '../../../support/sample-events.ts';
import { mountTmpfs } from '../../../support/tmpfs.ts';

let directory: string;
let path: string;
const sinks: FileSink[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bridge-file-'));
  path = join(directory, 'events.json');
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
  rmSync(directory, { recursive: true, force: true });
});

function build(options: Record<string, unknown> = {}, time = new FakeTime()) {
  const context = exporterContext({ id: 'file', clock: time });
  const config: FileConfig = schema.parse({ path, ...options });
  const sink = new FileSink(context, config, time.sleep);
  sinks.push(sink);
  return { sink, context, time };
}

async function opened(options: Record<string, unknown> = {}, time?: FakeTime) {
  const built = build(options, time);
  await built.sink.open();
  return built;
}

const event = (id: string, changes: Partial<RuleEvent> = {}) => addedEvent({ id, ...changes });
const events = (...ids: string[]) => ids.map((id) => event(id));
/** Ids of the lines of a file; each is JSON and ends with a line feed. */
function idsIn(file = path): string[] {
  const text = readFileSync(file, 'utf8');
  if (text === '') return [];
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line).id);
}

test('an event is a line of JSON, in a file that its group may read', async () => {
  const before = process.umask(0o077);
  const { sink } = await opened().finally(() => process.umask(before));
  expect(await sink.send(events('a', 'b'))).toEqual({});
  expect(await sink.send(events('c'))).toEqual({});
  expect(idsIn()).toEqual(['a', 'b', 'c']);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('what is there already stays, and its rights too', async () => {
  writeFileSync(path, '{"id":"before"}\n');
  chmodSync(path, 0o600);
  const { sink } = await opened();
  await sink.send(events('a'));
  expect(idsIn()).toEqual(['before', 'a']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('nothing of a report makes a second line, for whoever splits where', async () => {
  const { sink } = await opened();
  const detail = 'a\nb\r\nc\u2028d\u0085e\u000bf\u001bg';
  await sink.send([event('a', { tag: 'x\ny', metadata: { kind: 'k\n', detail, extra: { 'n\n': 'v\u2029' } } })]);
  const text = readFileSync(path, 'utf8');
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(JSON.parse(text)).toMatchObject({ tag: 'x\ny', metadata: { detail, extra: { 'n\n': 'v\u2029' } } });
});

test.each([
  ['couic', (line: Record<string, unknown>) => line.id],
  ['ecs', (line: { event: { id: string } }) => line.event.id],
  [
    'otlp_json',
    // biome-ignore lint/suspicious/noExplicitAny: of a test
    (line: any) => line.resourceLogs[0].scopeLogs[0].logRecords[0].attributes[0].value.stringValue,
  ],
] as const)('format %s', async (format, idOf) => {
  const { sink } = await opened({ format });
  await sink.send(events('a'));
  expect(idOf(JSON.parse(readFileSync(path, 'utf8')))).toBe('a');
});

describe('a file that is moved, removed or emptied meanwhile', () => {
  test('moved: the next line is in a new one', async () => {
    const { sink } = await opened();
    await sink.send(events('a'));
    renameSync(path, `${path}.1`);
    await sink.send(events('b'));
    expect([idsIn(`${path}.1`), idsIn()]).toEqual([['a'], ['b']]);
  });

  test('moved, and made anew by who moved it', async () => {
    const { sink } = await opened();
    await sink.send(events('a'));
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    await sink.send(events('b'));
    expect([idsIn(`${path}.1`), idsIn()]).toEqual([['a'], ['b']]);
  });

  test('removed', async () => {
    const { sink } = await opened();
    await sink.send(events('a'));
    rmSync(path);
    await sink.send(events('b'));
    expect(idsIn()).toEqual(['b']);
  });

  test('copied and emptied', async () => {
    const { sink } = await opened();
    await sink.send(events('a'));
    truncateSync(path, 0);
    await sink.send(events('b'));
    expect(idsIn()).toEqual(['b']);
  });

  test('with its directory: that is told, and tried again', async () => {
    const { sink } = await opened();
    rmSync(directory, { recursive: true });
    expect(await sink.send(events('a'))).toEqual({
      reason: 'no_directory',
      message: `there is no directory for ${path}: make it, or set create_directory: true`,
    });
    mkdirSync(directory);
    expect(await sink.send(events('a'))).toEqual({});
    expect(idsIn()).toEqual(['a']);
  });
});

describe('a line that a crash tore', () => {
  async function lineOf(id: string): Promise<string> {
    const { sink } = await opened();
    await sink.send(events(id));
    await sink.close();
    const text = readFileSync(path, 'utf8');
    rmSync(path);
    return text;
  }

  test('is gone on with when its event comes again, and nothing of it is cut off', async () => {
    const torn = (await lineOf('b')).slice(0, 150);
    writeFileSync(path, torn);
    const { sink } = await opened();
    await sink.send(events('a', 'b', 'c'));
    expect(readFileSync(path, 'utf8').startsWith(torn)).toBe(true);
    expect(idsIn()).toEqual(['b', 'a', 'c']);
  });

  test('that lacks its line feed only, too', async () => {
    writeFileSync(path, (await lineOf('b')).slice(0, -1));
    const { sink } = await opened();
    await sink.send(events('b', 'c'));
    expect(idsIn()).toEqual(['b', 'c']);
  });

  test('is ended when its event does not come again', async () => {
    writeFileSync(path, '{"id":"whole"}\n{"torn');
    const { sink } = await opened();
    await sink.send(events('a'));
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"id":"whole"}', '{"torn']);
    expect(JSON.parse(lines[2]!).id).toBe('a');
  });
});

describe('rotation', () => {
  const long = (id: string) => event(id, { metadata: { detail: 'x'.repeat(300_000) } });
  const backups = () =>
    readdirSync(directory)
      .filter((name) => name !== 'events.json')
      .sort()
      .map((name) => join(directory, name));

  test('by size: no file is larger, and no line is in two of them', async () => {
    const { sink } = await opened({ rotation: { max_megabytes: 1 } });
    expect(await sink.send(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(long))).toEqual({});
    expect([...backups(), path].map(idsIn)).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    for (const file of backups()) expect(statSync(file).size).toBeLessThanOrEqual(1_048_576);
  });

  test('by number', async () => {
    const { sink, time } = await opened({ rotation: { max_megabytes: 1, max_backups: 1 } });
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      time.advance(1000);
      await sink.send([long(id)]);
    }
    expect(backups().map(idsIn)).toEqual([['d', 'e', 'f']]);
    expect(idsIn()).toEqual(['g']);
  });

  test('by age, also when nothing comes', async () => {
    const time = new FakeTime();
    time.wall = Date.now();
    const { sink } = await opened({ rotation: { max_days: 2 } }, time);
    await sink.send(events('a'));
    time.advance(25 * 3_600_000);
    await until(() => backups().length === 1);
    expect(idsIn(backups()[0])).toEqual(['a']);
    await sink.send(events('b'));
    await until(() => time.waits.length > 0);
    time.advance(50 * 3_600_000);
    await until(() => backups().length === 1 && !readFileSync(backups()[0]!, 'utf8').includes('"a"'));
    expect(idsIn(backups()[0])).toEqual(['b']);
  });

  test('left out, it grows', async () => {
    const { sink } = await opened();
    await sink.send(['a', 'b', 'c', 'd'].map(long));
    expect(backups()).toEqual([]);
  });
});

describe('what cannot work shows at the start', () => {
  test('no directory', async () => {
    path = join(directory, 'missing', 'events.json');
    const { sink } = build();
    await expect(sink.open()).rejects.toThrow(`there is no directory for ${path}`);
    await sink.close();
    await opened({ create_directory: true });
    expect(statSync(join(directory, 'missing')).mode & 0o777).toBe(0o750);
  });

  test('a directory, and a device', async () => {
    for (const wrong of [directory, '/dev/null']) {
      const { sink } = build({ path: wrong });
      await expect(sink.open()).rejects.toThrow(`${wrong} is no regular file`);
      await sink.close();
    }
  });

  test('one path twice', async () => {
    await opened();
    const { sink } = build({ path: join(directory, '.', 'events.json') });
    await expect(sink.open()).rejects.toThrow(`${path} is the path of another exporter too`);
  });
});

test('can be closed without having been opened, and twice', async () => {
  const { sink } = build();
  await sink.close();
  await sink.open();
  await sink.close();
  await sink.close();
});

describe('a full disk', () => {
  const disk = mountTmpfs('256k');
  test.skipIf(!disk)('is told, and what did not fit is written once there is room, each line whole', async () => {
    try {
      path = join(disk!.path, 'events.json');
      const ballast = join(disk!.path, 'ballast');
      writeFileSync(ballast, '');
      const { sink } = await opened();
      appendFileSync(ballast, Buffer.alloc(200 * 1024));
      const all = Array.from({ length: 200 }, (_, index) => event(`e${index}`));
      const first = await sink.send(all);
      expect(first).toMatchObject({
        failure: { reason: 'disk_full', message: `no room for ${path} (ENOSPC): make some` },
      });
      const again = 'again' in first ? first.again! : [];
      expect(again.length).toBeGreaterThan(0);
      expect(again.length).toBeLessThan(200);
      // Torn: what is there has no end.
      expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(false);
      expect(await sink.send(again)).toMatchObject({ reason: 'disk_full' });
      rmSync(ballast);
      expect(await sink.send(again)).toEqual({});
      expect(idsIn()).toEqual(all.map(({ id }) => id));
      await sink.close();
    } finally {
      disk!.unmount();
    }
  });
});
