import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeService } from '../support/fake-service.ts';

let fake: FakeService;
beforeEach(() => {
  fake = new FakeService();
});
afterEach(() => void vi.useRealTimers());

/** One component of each kind; options are added under their ids. */
function yaml(options: Record<string, string> = {}, service = ''): string {
  const option = (id: string) => `{${options[id] ?? ''}}`;
  return `
receivers: {source: ${option('source')}, source/two: ${option('source/two')}}
exporters: {sink: ${option('sink')}, sink/two: ${option('sink/two')}}
extensions: {beside: ${option('beside')}, storage: ${option('storage')}, beside/two: ${option('beside/two')}}
service:
  extensions: [beside, storage, beside/two]
  pipelines:
    metrics: {receivers: [source], exporters: [sink]}
    metrics/all: {receivers: [source, source/two], exporters: [sink/two]}
  ${service}
`;
}

const STARTED = ['beside', 'beside/two', 'storage', 'ledger', 'sink', 'sink/two', 'source', 'source/two'];
const STOPPED = ['source', 'source/two', 'sink', 'sink/two', 'ledger', 'storage', 'beside/two', 'beside'];
const start = (ids: readonly string[]) => ids.map((id) => `start ${id}`);
const stop = (ids: readonly string[]) => ids.map((id) => (id === 'ledger' ? 'stop ledger' : `shutdown ${id}`));

describe('order', () => {
  test('downstream starts first with the storage last of the extensions, upstream stops first', async () => {
    const service = await fake.build(yaml());
    expect(fake.events).toEqual(['ledger with 500 tags']);
    fake.events.length = 0;
    await service.start();
    expect(fake.events).toEqual(start(STARTED));
    expect(fake.registered).toHaveLength(2);
    fake.events.length = 0;
    expect(await service.shutdown()).toBe(true);
    expect(fake.events).toEqual(stop(STOPPED));
  });

  test('health says what the service is about', async () => {
    const reasons = () => fake.health.reasons.map(({ reason }) => reason);
    const service = await fake.build(yaml({ source: 'start: hangs' }));
    const started = service.start();
    await vi.waitFor(() => expect(fake.events).toContain('start source'));
    expect(reasons()).toEqual(['starting']);
    fake.release();
    await started;
    expect(reasons()).toEqual([]);
    const stopped = service.shutdown();
    expect(reasons()).toEqual(['stopping']);
    await stopped;
  });

  test('a second shutdown, and one without a start, do nothing twice', async () => {
    const service = await fake.build(yaml());
    expect(await service.shutdown()).toBe(true);
    expect(await service.shutdown()).toBe(true);
    expect(fake.events.filter((event) => event === 'shutdown source')).toHaveLength(1);
    await expect(service.start()).rejects.toThrow('told to stop while starting');
    expect(fake.events).not.toContain('start source');
  });
});

describe('what fails', () => {
  test('a component that cannot start is named, and everything is shut down', async () => {
    const service = await fake.build(yaml({ 'sink/two': 'start: fails' }));
    fake.events.length = 0;
    await expect(service.start()).rejects.toThrow('cannot start exporter sink/two: the port is taken');
    expect(fake.events).toEqual([...start(STARTED.slice(0, 6)), ...stop(STOPPED)]);
  });

  test('a component that cannot end in order does not keep the others from it', async () => {
    const service = await fake.build(yaml({ source: 'shutdown: fails', storage: 'shutdown: fails' }));
    await service.start();
    fake.events.length = 0;
    expect(await service.shutdown()).toBe(false);
    expect(fake.events).toEqual(stop(STOPPED));
    expect(fake.log.slice(-2)).toEqual([
      'Could not end receiver source in order',
      'Could not end extension storage in order',
    ]);
  });

  test('told to stop while starting, it goes no further and ends what there is', async () => {
    const service = await fake.build(yaml({ sink: 'start: hangs' }));
    const started = service.start();
    const refused = expect(started).rejects.toThrow('told to stop while starting');
    await vi.waitFor(() => expect(fake.events).toContain('start sink'));
    const stopped = service.shutdown();
    fake.release();
    expect(await stopped).toBe(true);
    await refused;
    expect(fake.events).not.toContain('start source');
    expect(fake.events).toContain('shutdown storage');
  });

  test.each([
    [
      'no storage',
      yaml().replace(', storage, ', ', '),
      'a storage is missing: add "file_storage: {directory: ./data}"',
    ],
    [
      'two',
      yaml()
        .replace('extensions: {beside:', 'extensions: {storage/b: {}, beside:')
        .replace('[beside,', '[storage/b, beside,'),
      'there is more than one storage in this list: keep one',
    ],
  ])('%s is refused where the list stands', async (_, text, message) => {
    await expect(fake.build(text)).rejects.toThrow(`test.yaml:6: service.extensions: ${message}`);
  });

  test('a component that refuses its configuration is named with its line', async () => {
    await expect(fake.build(yaml({ 'sink/two': 'create: fails' }))).rejects.toThrow(
      'test.yaml:3: exporters.sink/two: does not like this',
    );
  });
});

describe('the deadline', () => {
  test('a receiver that uses up its time leaves the exporters theirs', async () => {
    vi.useFakeTimers();
    const waits = 'shutdown: waits for the deadline';
    const service = await fake.build(yaml({ source: waits, sink: waits, storage: waits }, 'shutdown_timeout: 20s'));
    await service.start();
    fake.events.length = 0;
    const times: number[] = [];
    const began = Date.now();
    const push = fake.events.push.bind(fake.events);
    fake.events.push = (event: string) => {
      if (event.startsWith('deadline')) times.push(Date.now() - began);
      return push(event);
    };
    const stopped = service.shutdown();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await stopped).toBe(true);
    expect(times).toEqual([10_000, 18_000, 20_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a component that does not even end then is left behind, and that is told', async () => {
    vi.useFakeTimers();
    const service = await fake.build(yaml({ source: 'shutdown: hangs', beside: 'shutdown: hangs' }));
    await service.start();
    const stopped = service.shutdown();
    await vi.advanceTimersByTimeAsync(10_500);
    expect(await stopped).toBe(false);
    expect(fake.log.slice(-2)).toEqual([
      'Did not wait any longer for receiver source to end: service.shutdown_timeout is over',
      'Did not wait any longer for extension beside to end: service.shutdown_timeout is over',
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a start that does not come to an end is not waited for beyond the deadline', async () => {
  vi.useFakeTimers();
  const service = await fake.build(yaml({ storage: 'start: hangs' }));
  void service.start().catch(() => {});
  await vi.advanceTimersByTimeAsync(1);
  const stopped = service.shutdown();
  await vi.advanceTimersByTimeAsync(10_500);
  expect(await stopped).toBe(false);
  expect(fake.log).toEqual(['Did not wait any longer for the start to end: service.shutdown_timeout is over']);
  expect(fake.events).toContain('shutdown storage');
});

describe('what an exporter is given', () => {
  test('the instances of the receivers in its pipelines, in the order of the configuration, each once', async () => {
    await fake.build(yaml({ source: 'instances: [a, b]', 'source/two': 'instances: [b, c]' }));
    expect(await fake.given('sink')).toEqual(['a', 'b']);
    expect(await fake.given('sink/two')).toEqual(['a', 'b', 'c']);
    expect(fake.contexts['sink/two']?.sources()).toEqual(['a', 'b', 'c']);
  });

  test('fewer when it asks for fewer, but none of others', async () => {
    await fake.build(yaml({ 'source/two': 'instances: [c]', 'sink/two': 'asks_for: [c]' }));
    expect(await fake.given('sink/two')).toEqual(['c']);
    await expect(fake.build(yaml({ sink: 'asks_for: [c]' }))).rejects.toThrow(
      'test.yaml:3: exporters.sink: instance "c" is not one of this exporter\'s pipelines (known: a)',
    );
  });

  test("a place in the storage under the type's own name, so that an old name leaves it where it is", async () => {
    await fake.build(yaml().replaceAll('sink/two', 'drain/two'));
    expect(fake.attached).toEqual(['exporter/sink', 'exporter/sink/two']);
  });
});
