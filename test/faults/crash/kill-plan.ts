import type { FaultPoint } from '../../../src/log/embedded/faults.ts';
import { below, pick, type Random } from '../../support/couic-sim/random.ts';

/** Where the bridge's process kills itself with SIGKILL. */
export type KillPoint =
  /** The n-th byte of all bodies that are read: first byte, mid-report, between reports. */
  | 'body'
  /** A step of the log, see src/log/embedded/faults.ts. */
  | FaultPoint
  /** Around the transaction that holds a finished window. */
  | 'before-seal'
  | 'after-seal'
  /** Around the transaction that says LAPI has it. */
  | 'before-sent'
  | 'after-sent'
  /** Whenever a timer says so: `nth` is in milliseconds. */
  | 'random';

export interface KillPlan {
  point: KillPoint;
  /** Which time. */
  nth: number;
}

export const KILL_POINTS: readonly KillPoint[] = [
  'random',
  'body',
  'before-commit',
  'after-commit',
  'after-apply',
  'after-rotation',
  'snapshot-piece',
  'before-flip',
  'after-flip',
  'during-trim',
  'before-seal',
  'after-seal',
  'before-sent',
  'after-sent',
];

/** @param run - the number of the kill: every point has its turn. */
export function planKill(random: Random, run: number): KillPlan {
  const point = KILL_POINTS[run % KILL_POINTS.length]!;
  switch (point) {
    case 'random':
      return { point, nth: 20 + below(random, 1200) };
    case 'body':
      return { point, nth: pick(random, [1, 2, 30, 1000, 20_000]) + below(random, 300) };
    case 'before-commit':
    case 'after-commit':
    case 'after-apply':
      return { point, nth: 1 + below(random, 40) };
    case 'snapshot-piece':
      return { point, nth: 1 + below(random, 4) };
    default:
      return { point, nth: 1 + below(random, 2) };
  }
}
