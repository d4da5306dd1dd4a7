import { storageFailures } from '../../../src/log/storage-failures.ts';
import type { ExtensionFactory } from '../../../src/service/component.ts';
import { type FileStorageConfig, schema } from './config.ts';

export const fileStorage: ExtensionFactory<FileStorageConfig> = {
  kind: 'extension',
  type: 'file_storage',
  summary: 'keeps everything that must survive a restart; exactly one storage is needed',
  stability: 'beta',
  schema,
  async create({ clock, health, logger }, { directory, max_age: maxAge }) {
    const { EmbeddedEngine } = await import('../../../src/log/embedded/engine.ts');
    const { LogRunner } = await import('../../../src/log/runner.ts');
    const { examineDirectory } = await import('../../../src/log/embedded/examine.ts');
    const engine = new EmbeddedEngine({ directory, clock, health, logger, wipe: maxAge !== undefined });
    const log = new LogRunner({ engine, clock, logger, maxAge });
    return {
      log,
      engine,
      start: () => log.load(),
      shutdown: (deadline) => log.close(deadline),
      examine: async () => [...storageFailures(health), ...(await examineDirectory(directory))],
    };
  },
};
