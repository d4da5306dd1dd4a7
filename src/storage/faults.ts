/** Where a test may stop the store: between any two steps of which only one could be on disk. */
export type FaultPoint =
  | 'before-commit'
  | 'after-commit'
  | 'after-apply'
  | 'after-rotation'
  | 'snapshot-piece'
  | 'before-flip'
  | 'after-flip'
  | 'during-trim';

/** Called at each point, synchronously: to kill the process, to copy the directory, to throw. Left out in production. */
export type Faults = (point: FaultPoint) => void;
