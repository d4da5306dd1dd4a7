import { expect, it } from 'vitest';
import { renderTable } from '../../../../plugins/exporters/crowdsec/cscli-table.ts';

const SINCE = Date.UTC(2026, 10, 26, 15, 14, 20) / 1000;

it('draws a row for each origin and leaves items without one to the total, as a real cscli 1.7.9 does', () => {
  const counts = {
    CAPI: { active_decisions: { ip: 1007 }, dropped: { report: 5 } },
    'couic:a': { dropped: { report: 4845 } },
    crowdsec: { active_decisions: { ip: 0 } },
    cscli: { my_gauge: { thing: 3 } },
    'lists:x': { dropped: { byte: -2 } },
    '': { processed: { byte: 12345678, packet: 1000, report: 4840 } },
  };
  expect(`\n${renderTable('tab', counts, SINCE)}\n`).toBe(`
+------------------------------------------------------------------------------------------------------+
| Bouncer Metrics (tab) since 2026-11-26 15:14:20 +0000 UTC                                            |
+----------------------------+------------------+----------------+-------+-----------------------------+
| Origin                     | active_decisions |     dropped    |   my  |          processed          |
|                            |        IPs       | bytes | report | thing |   bytes  | packets | report |
+----------------------------+------------------+-------+--------+-------+----------+---------+--------+
| CAPI (community blocklist) |             1007 |     - |      5 |     - |        - |       - |      - |
| couic:a                    |                - |     - |   4845 |     - |        - |       - |      - |
| crowdsec (security engine) |                0 |     - |      - |     - |        - |       - |      - |
| cscli (manual decisions)   |                - |     - |      - |     3 |        - |       - |      - |
| lists:x                    |                - |    -2 |      - |     - |        - |       - |      - |
+----------------------------+------------------+-------+--------+-------+----------+---------+--------+
|                      Total |             1007 |    -2 |   4850 |     3 | 12345678 |    1000 |   4840 |
+----------------------------+------------------+-------+--------+-------+----------+---------+--------+
`);
});

it('breaks the title of a narrow one, which has no row where nothing has an origin', () => {
  const table = renderTable('narrow-name', { '': { processed: { report: 5 } } }, SINCE + 89);
  expect(`\n${table}\n`).toBe(`
+--------------------+
| Bouncer Metrics (n |
| arrow-name) since  |
| 2026-11-26 15:15:4 |
| 9 +0000 UTC        |
+--------+-----------+
| Origin | processed |
|        |   report  |
+--------+-----------+
|  Total |         5 |
+--------+-----------+
`);
});
