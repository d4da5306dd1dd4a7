import { join } from 'node:path';
import { FAULT_POINTS } from '../../../src/log/embedded/faults.ts';
import { engineContract } from '../contract.ts';
import { DISK_STEPS } from './power-disk.ts';
import { logIn, temporaryDirectory } from './testing.ts';

engineContract({
  name: 'plain files',
  create: async () => logIn(join(temporaryDirectory(), 'log')),
  steps: [...FAULT_POINTS, ...DISK_STEPS],
  failingCommit: 'before-commit',
});
