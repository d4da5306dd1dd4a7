import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';
import { engineContract, type LogUnderTest } from './contract.ts';

function logIn(memory: MemoryLog): LogUnderTest {
  return {
    isShared: true,
    engine: (onStep) => new MemoryEngine(memory, { onStep }),
    copy: () => logIn(memory.copy()),
  };
}

engineContract({
  name: 'memory, for tests',
  create: async () => logIn(new MemoryLog()),
  failingCommit: 'before-commit',
  steps: [
    'before-commit',
    'after-commit',
    'snapshot-piece',
    'before-flip',
    'after-flip',
    'during-trim',
    'during-rewrite',
    'note',
  ],
});
