import { resolve } from 'node:path';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { holdsState } from '../log/embedded/holds-state.ts';
import type { LogEngine } from '../log/engine.ts';
import { moveLog } from '../log/move.ts';
import { AdminError } from '../service/admin/admin.ts';
import { AdminClient } from '../service/admin/admin-client.ts';
import { counted } from '../telemetry/counted.ts';
import { buildStopped } from './build-stopped.ts';
import { type Command, UsageError } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { loadServiceConfig } from './load-service-config.ts';
import { takeOption } from './take-options.ts';

/** Copies what a stopped bridge keeps into the storage of another configuration. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Copy what a stopped bridge keeps into the storage of another configuration',
  usage: `--to FILE ${CONFIG_USAGE}`,
  help: `
  --to FILE         Configuration whose storage takes it: one that holds nothing yet.

From file_storage to jetstream_storage, and back. Totals, start times, rules, what waits to be sent and where exporters stand come
along; the bridge that is started with the other configuration goes on where this one stopped. What it was copied from stays as
it is: start no bridge on it any more, or the two go different ways. No bridge may run on either meanwhile.
`,
  async run(args, context) {
    const rest = [...args];
    const to = takeOption(rest, '--to');
    if (to === undefined)
      throw new UsageError('migrate needs --to FILE, the configuration whose storage is to take it');
    const from = await storageOf(loadServiceConfig(rest, context).config, context.version);
    const target = await storageOf(loadServiceConfig(['--config', to], context).config, context.version);
    if (resolve(from.directory) === resolve(target.directory))
      throw new AdminError(`${to} has the directory that is to be copied, ${from.directory}: give its storage another`);
    if (!holdsState(from.directory))
      throw new AdminError(`${from.directory} holds no state: no bridge has run on it yet`);
    for (const { directory } of [from, target])
      if (await AdminClient.connect(directory)) throw new AdminError(`a bridge runs on ${directory}: stop it first`);
    try {
      const { entries, last } = await moveLog(from.engine, target.engine);
      context.stdout(
        `Copied the log up to position ${last}, ${counted(entries, 'entries')} of it, and its newest snapshot. Start the bridge with ${to} now, and none on ${from.where} any more.\n`,
      );
      return EXIT.ok;
    } catch (error) {
      throw new AdminError((error as Error).message, { cause: error });
    }
  },
};

interface Storage {
  readonly engine: LogEngine;
  readonly directory: string;
  /** What it keeps the log in: that directory, or elsewhere. */
  readonly where: string;
}

/** What keeps the log of a configuration, built and not opened. */
async function storageOf(config: BridgeConfig, version: string): Promise<Storage> {
  const { components } = await buildStopped(config, version);
  const { extensions, log } = components;
  const storage = extensions.find(({ component }) => component.log === log)?.component;
  const engine = storage?.engine;
  if (!engine?.directory) throw new AdminError('the storage of this configuration cannot be copied');
  return { engine, directory: engine.directory, where: storage?.status?.().where ?? engine.directory };
}
