import { z } from 'zod';

export interface FileStorageConfig {
  directory: string;
}

export const schema = z.strictObject({
  /** Where the bridge keeps its state; relative to the working directory. Created with mode 0700 if it does not exist. */
  directory: z.string().min(1, 'name a directory').default('./data'),
});
