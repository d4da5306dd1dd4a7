import { expect, it } from 'vitest';
import { renderTable } from './render.ts';

it('draws a row for each origin and leaves items without one to the total', () => {
  const counts = {
    'couic:ssh': { dropped: { report: 2 }, active_decisions: { ip: 1 } },
    CAPI: { dropped: { report: 1 } },
    '': { processed: { report: 5 } },
  };
  expect(renderTable('bridge', counts)).toBe(
    [
      'Bouncer Metrics (bridge)',
      '+----------------------------+------------------+---------+-----------+',
      '| Origin                     | active_decisions | dropped | processed |',
      '|                            |              IPs |  report |    report |',
      '+----------------------------+------------------+---------+-----------+',
      '| CAPI (community blocklist) |                - |       1 |         - |',
      '| couic:ssh                  |                1 |       2 |         - |',
      '+----------------------------+------------------+---------+-----------+',
      '| Total                      |                1 |       3 |         5 |',
      '+----------------------------+------------------+---------+-----------+',
    ].join('\n'),
  );
});
