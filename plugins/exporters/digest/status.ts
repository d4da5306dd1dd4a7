import type { ComponentStatus } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { DigestStatus } from './operations.ts';

/** For the page. @param oldest - age of the oldest digest that waits, s; 0 when none does. @param lastSuccess - ms since the epoch. */
export function statusOf(
  { since, total, notifiers }: DigestStatus,
  oldest: number,
  lastSuccess: number | null,
): ComponentStatus {
  const troubles = notifiers.flatMap(({ id, trouble }) => (trouble === null ? [] : `${id}: ${trouble}`));
  return {
    where: notifiers.map(({ id, target }) => `${id} at ${target}`).join(', '),
    queue: { size: notifiers.reduce((sum, { waiting }) => sum + waiting, 0), unit: 'digests', oldest },
    lastSuccess,
    trouble: troubles.length === 0 ? null : troubles.join('; '),
    panels: [
      {
        title: 'Digests',
        ...(since !== null &&
          total !== null && {
            text: `${counted(total, 'rules were', 'rule was')} added in the interval that is counted.`,
          }),
        columns: ['notifier', 'where', 'digests that wait'],
        rows: notifiers.map(({ id, target, waiting }) => ({ cells: [id, target, waiting] })),
        empty: 'no notifier',
      },
    ],
  };
}
