import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import type { ExtensionFactory } from '../../../src/service/component.ts';
import { type FileStorageConfig, schema } from './config.ts';
import { examineDirectory } from './examine.ts';

export const fileStorage: ExtensionFactory<FileStorageConfig> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'beta',
  schema,
  create({ clock, health, logger }, { directory, max_age: maxAge }) {
    const engine = new EmbeddedEngine({ directory, clock, health, logger, wipe: maxAge !== undefined });
    const log = new LogRunner({ engine, clock, logger, maxAge });
    return {
      log,
      start: () => log.load(),
      shutdown: (deadline) => log.close(deadline),
      examine: () => examineDirectory(directory),
    };
  },
};
