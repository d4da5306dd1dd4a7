import type { BridgeConfig } from '../config/bridge-config.ts';
import {
  type BuildOptions,
  type Built,
  buildComponents,
  type Components,
  foldNames,
  ledgerSettings,
} from './build-components.ts';
import type { Component, Exporter } from './component.ts';
import { Deadline } from './deadline.ts';

/** Time for what ends in a reload, ms: requests wait meanwhile. What an exporter has not sent by then waits in its outbox. */
const TIME_TO_END = 1000;

/** Which components a reload touched, by their names: `exporter crowdsec`. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The new configuration could not be started. What ran before runs again, but for what is named. */
export class ReloadFailed extends Error {
  constructor(error: unknown, lost: readonly string[]) {
    const missing = lost.length === 0 ? '' : `; what could not be started again: ${lost.join(', ')}`;
    super(`${(error as Error).message}${missing}`, { cause: error });
    this.name = 'ReloadFailed';
  }
}

interface ReloadOptions {
  /** Of the service, with the configuration that runs. */
  readonly build: BuildOptions;
  readonly running: Components;
  readonly next: BridgeConfig;
  /** @throws Error that names the component. */
  start(each: Built<Component>): Promise<void>;
  /** Never rejects. */
  stop(each: Built<Component>, deadline: AbortSignal): Promise<unknown>;
}

interface Reloaded {
  /** Those that run now. */
  readonly components: Components;
  readonly changes: Changes;
  readonly failure: ReloadFailed | undefined;
  /** What is under way on sockets that nobody has any more. */
  readonly ending: Promise<void>;
}

/**
 * Takes over a configuration while the bridge runs. Components of which it says the same go on untouched. The others end,
 * upstream first, and their successors start, downstream first: no report of an instance that goes comes after the last
 * that its exporter tells, and none of one that is new before its exporter counts. Whoever sends in between waits, since
 * sockets are held.
 * @throws ConfigError: nothing was touched.
 */
export async function reload(options: ReloadOptions): Promise<Reloaded> {
  const { build, running, next } = options;
  const components = await buildComponents({ ...build, config: next }, running);
  const { sockets } = build.connections;
  sockets.hold();
  try {
    const failure = await exchange(options, running, components, next);
    if (failure === undefined)
      return { components, changes: changesOf(running, components), failure, ending: release() };
    const kept = inBoth(running, components);
    const before = await buildComponents(build, kept);
    const lost = await begin(options, kept, before, build.config, { goOn: true });
    return { components: before, changes: NONE, failure: new ReloadFailed(failure, lost), ending: release() };
  } catch (error) {
    await release();
    throw error;
  }

  function release(): Promise<void> {
    const deadline = new Deadline(next.service.shutdown_timeout);
    return sockets.release(deadline.signal).finally(() => deadline.clear());
  }
}

const KINDS = ['extensions', 'exporters', 'receivers'] as const;
const NONE: Changes = { added: [], changed: [], removed: [] };

/** @returns why it could not be done; then nothing of what is new runs. */
async function exchange(
  options: ReloadOptions,
  from: Components,
  to: Components,
  config: BridgeConfig,
): Promise<unknown> {
  for (const kind of KINDS.toReversed()) await end(options, missingIn<Built<Component>>(from[kind], to[kind]));
  const names = new Set(foldNames(config));
  for (const name of foldNames(options.build.config)) if (!names.has(name)) to.log.detach(name);
  try {
    await begin(options, from, to, config);
    return undefined;
  } catch (error) {
    for (const kind of KINDS.toReversed()) await end(options, missingIn<Built<Component>>(to[kind], from[kind]));
    return error;
  }
}

/** Starts what is in `to` and not in `from`. @param goOn - after a failure. @returns the names of those that failed. */
async function begin(
  { start }: ReloadOptions,
  from: Components,
  to: Components,
  config: BridgeConfig,
  { goOn = false } = {},
): Promise<string[]> {
  const failed: string[] = [];
  await to.ledger.change(ledgerSettings(config));
  const some = KINDS.flatMap((kind) => missingIn<Built<Component>>(to[kind], from[kind]));
  for (const each of some) each.scope.begin((each.component as Partial<Exporter>).reader);
  await to.log.settle();
  for (const each of some) {
    try {
      await start(each);
    } catch (error) {
      if (!goOn) throw error;
      failed.push((error as Error).message);
    }
  }
  return failed;
}

async function end({ stop }: ReloadOptions, some: readonly Built<Component>[]): Promise<void> {
  const deadline = new Deadline(TIME_TO_END);
  await Promise.all(some.map((each) => stop(each, deadline.signal)));
  for (const { scope } of some) scope.end();
  deadline.clear();
}

function missingIn<B extends Built<Component>>(some: readonly B[], others: readonly B[]): B[] {
  return some.filter((each) => !others.includes(each));
}

function inBoth(a: Components, b: Components): Components {
  return {
    ...a,
    receivers: a.receivers.filter((each) => b.receivers.includes(each)),
    exporters: a.exporters.filter((each) => b.exporters.includes(each)),
    extensions: a.extensions.filter((each) => b.extensions.includes(each)),
  };
}

function changesOf(from: Components, to: Components): Changes {
  const namesOf = (a: Components, b: Components) =>
    KINDS.flatMap((kind) => missingIn<Built<Component>>(a[kind], b[kind]).map(({ name }) => name));
  const [ended, begun] = [namesOf(from, to), namesOf(to, from)];
  return {
    added: begun.filter((name) => !ended.includes(name)),
    changed: begun.filter((name) => ended.includes(name)),
    removed: ended.filter((name) => !begun.includes(name)),
  };
}
