import type { ExtensionFactory } from '../../../src/component.ts';
import { LmdbStore } from '../../../src/storage/lmdb-store.ts';
import { type FileStorageConfig, schema } from './config.ts';
import { examineDirectory } from './examine.ts';

export const fileStorage: ExtensionFactory<FileStorageConfig> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'beta',
  schema,
  create({ clock, health, logger }, { directory }) {
    const store = new LmdbStore({ directory, clock, health, logger });
    return {
      store,
      directory,
      start: () => store.load(),
      shutdown: (deadline) => store.close(deadline),
      examine: () => examineDirectory(directory),
    };
  },
};
