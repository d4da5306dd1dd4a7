/** Where a test may stop the log: between any two steps of which only one could be on disk. */
export type FaultPoint =
  | 'before-commit'
  | 'after-commit'
  | 'after-apply'
  | 'after-rotation'
  | 'snapshot-piece'
  | 'before-flip'
  | 'after-flip'
  | 'during-trim'
  | 'during-rewrite';

export const FAULT_POINTS: readonly FaultPoint[] = [
  'before-commit',
  'after-commit',
  'after-apply',
  'after-rotation',
  'snapshot-piece',
  'before-flip',
  'after-flip',
  'during-trim',
  'during-rewrite',
];

/** Called at each point, synchronously: to kill the process, to copy the directory, to throw. Left out in production. */
export type Faults = (point: FaultPoint) => void;
