import { afterAll, expect } from 'vitest';

/** What tests change, and a file that comes after them in the same worker takes for granted. */
const SHARED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'Date',
  'fetch',
] as const;

function held() {
  return {
    ...Object.fromEntries(SHARED.map((name) => [name, globalThis[name]])),
    'performance.now': performance.now,
    'process.nextTick': process.nextTick,
    'process.cwd()': process.cwd(),
    'process.env': JSON.stringify(Object.entries(process.env).filter(([name]) => !/^(?:__)?VITEST/.test(name))),
  } as Readonly<Record<string, unknown>>;
}

const before = held();

// Otherwise a file that is right fails, in some orders only, and the one that left a fake behind passes.
afterAll(() => {
  const after = held();
  expect(
    Object.keys(before).filter((name) => before[name] !== after[name]),
    'this file left changed for those after it',
  ).toEqual([]);
});
