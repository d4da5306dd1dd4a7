import { expect, test } from 'vitest';
import { ApiError } from '../../../../plugins/receivers/couic_api/api-error.ts';
import { configSchema } from '../../../../plugins/receivers/couic_api/config.ts';
import { examineApi } from '../../../../plugins/receivers/couic_api/examine.ts';
import type { Reconciliation } from '../../../../src/ledger/reconciler.ts';

const TOKENS = {
  admin: '79deb94f-5dd1-417f-8842-667d8dff4480',
  monitoring: 'd6ac883a-8050-4408-bf1e-5b07e9965191',
  clientro: '01115f88-fd3d-4fbd-b205-44c90e81dae5',
  nobody: '00000000-0000-4000-8000-000000000000',
} as const;
type Name = keyof typeof TOKENS;

const MINUTE = 60_000;

interface World {
  token: Name;
  rules?: Name | 'same';
  held?: { drop: number; ignore: number };
  at?: number;
  last?: Partial<Reconciliation>;
  down?: boolean;
}

/** What doctor says, a line each, and what was asked of Couic. */
async function examined({ token, rules, held = { drop: 2, ignore: 1 }, at = 0, last, down = false }: World) {
  const asked: string[] = [];
  const ask = (what: string, given: string, may: readonly Name[]) => {
    const name = (Object.keys(TOKENS) as Name[]).find((each) => TOKENS[each] === given)!;
    asked.push(`${what} ${name}`);
    if (down) throw new ApiError('no_socket', 'there is no socket at /run/couic.sock');
    if (!may.includes(name)) throw new ApiError('unauthorized', 'not this token');
  };
  const config = configSchema.parse({
    instance: 'edge',
    token: TOKENS[token],
    ...(rules && { reconcile: rules === 'same' ? {} : { token: TOKENS[rules] } }),
  });
  const findings = await examineApi(
    {
      config,
      client: {
        async metrics(given) {
          ask('metrics', given, ['admin', 'monitoring']);
          return { xdp: new Map(), drop: new Map(), ignore: new Map(), rules: held };
        },
        async rules(_policy, given) {
          ask('rules', given, ['admin', 'clientro']);
          return (async function* () {
            yield Buffer.from('[]');
          })();
        },
      },
      ledger: { ruleCounts: () => ({ drop: 2, ignore: 1 }), lastComparison: () => (at ? { at, drift: 3 } : undefined) },
      last: last as Reconciliation | undefined,
      now: 100 * MINUTE,
    },
    new AbortController().signal,
  );
  return { lines: findings.map(({ level, message }) => `${level}: ${message}`), findings, asked };
}

test('a token of each group that is right is said to be, and no token is asked for what would be refused', async () => {
  const { lines, asked } = await examined({ token: 'monitoring', rules: 'clientro', at: 98 * MINUTE });
  expect(lines).toEqual([
    'ok: unix:///var/run/couic/couic.sock answers',
    'ok: the token may read counters: group monitoring, or admin',
    'ok: reconcile.token may list rules: group clientro (clientrw, admin)',
    'ok: Couic holds 2 drop and 1 ignore rules, and so does the ledger',
    'ok: rules were last compared 2m ago, and 3 differed',
  ]);
  expect(asked).toEqual(['metrics monitoring', 'rules clientro']);
});

test('with group monitoring alone the numbers are compared, and the advice is to reconcile', async () => {
  const { lines, findings, asked } = await examined({ token: 'monitoring', held: { drop: 9, ignore: 1 } });
  expect(lines.at(-1)).toBe('warning: Couic holds 9 drop and 1 ignore rules, the ledger 2 and 1');
  expect(findings.at(-1)?.advice).toMatch(/^set reconcile, with the token of a client of group clientro/);
  expect(asked).toEqual(['metrics monitoring']);
});

test.each([
  [
    { token: 'clientro' },
    'failure: the token may list rules and not read counters: group clientro or clientrw; token has to be of group monitoring',
  ],
  [{ token: 'nobody' }, 'failure: Couic does not know the token, or it is of group peering'],
  [
    { token: 'admin', rules: 'same' },
    'warning: the token may do everything: group admin, which may change rules and clients too',
  ],
  [{ token: 'monitoring', rules: 'same' }, 'failure: the token may not list rules: not this token'],
  [{ token: 'monitoring', rules: 'nobody' }, 'failure: Couic does not know reconcile.token, or it is of group peering'],
  [
    { token: 'clientro', rules: 'monitoring' },
    'failure: reconcile.token may read counters and not list rules: group monitoring; it has to be of group clientro',
  ],
  [{ token: 'monitoring', rules: 'clientro' }, 'warning: rules were never compared with those of Couic'],
  [
    { token: 'monitoring', rules: 'clientro', at: MINUTE },
    'warning: rules were last compared 1h39m ago, and 3 differed',
  ],
] as [World, string][])('%j', async (world, line) => {
  expect((await examined(world)).lines).toContain(line);
});

test('a Couic that is not reached is said once, beside the last comparison', async () => {
  const { lines } = await examined({ token: 'monitoring', rules: 'clientro', down: true, at: 98 * MINUTE });
  expect(lines).toEqual([
    'failure: there is no socket at /run/couic.sock',
    'ok: rules were last compared 2m ago, and 3 differed',
  ]);
});

test('a comparison that could not be a whole one is said', async () => {
  const last = { unreadable: new Map([['bad_cidr' as const, 2]]), short: [], kept: 2 };
  const { lines } = await examined({ token: 'monitoring', rules: 'clientro', at: 98 * MINUTE, last });
  expect(lines.at(-1)).toMatch(/^warning: 2 rules that Couic lists cannot be read \(bad_cidr: 2\); 2 rules/);
});
