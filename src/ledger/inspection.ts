import type { Clock } from '../clock.ts';
import type { Log } from '../log/log.ts';
import { formatCidr, parseAddress } from '../report/cidr.ts';
import { type Explanation, RULE_OPERATIONS, type RuleFilter, type RulePage } from '../service/admin/rules.ts';
import { SUMMARY_OPERATION, type Summary } from '../service/admin/summary.ts';
import type { Operation } from '../service/component.ts';
import { UNTAGGED } from '../telemetry/names.ts';
import { explainNetwork } from './explain.ts';
import { historyOf } from './history.ts';
import type { LedgerState } from './ledger-state.ts';
import { rulePage } from './rule-pages.ts';
import { summaryOf } from './summary.ts';

interface InspectionContext {
  readonly state: LedgerState;
  readonly log: Pick<Log, 'extents' | 'read'>;
  readonly clock: Clock;
}

/** What operators may ask of the ledger: it changes nothing. */
export function inspection({ state, log, clock }: InspectionContext): Readonly<Record<string, Operation>> {
  return {
    async [RULE_OPERATIONS.explain](argument): Promise<Explanation> {
      const cidr = parseAddress(String((argument as { network?: unknown } | null)?.network));
      if (cidr === null) throw new Error('that is no address and no network, as in 192.0.2.1 or 2001:db8::/32');
      const at = clock.now();
      const explained = await explainNetwork(state, cidr, at);
      return { network: formatCidr(cidr), at, ...explained, history: await historyOf(log, cidr, clock) };
    },
    async [RULE_OPERATIONS.list](argument): Promise<RulePage> {
      const { from = 0, ...filter } = (argument ?? {}) as RuleFilter & { from?: number };
      if (!Number.isSafeInteger(from) || from < 0) throw new Error('a page begins where the one before said');
      known(state, filter);
      return rulePage(state, filter, from, clock.now());
    },
    [SUMMARY_OPERATION]: async (): Promise<Summary> => summaryOf(state),
  };
}

/** A name with a mistake in it must not look as if nothing were in force. */
function known({ instances }: LedgerState, { instance, tag }: RuleFilter): void {
  const names = instances.map(({ name }) => name);
  if (instance !== undefined && !names.includes(instance)) {
    const which = names.length === 0 ? 'no Couic has sent a report yet' : `there are ${names.join(', ')}`;
    throw new Error(`no instance is called "${instance}": ${which}`);
  }
  if (tag === undefined || tag === UNTAGGED) return;
  if (!instances.some(({ tags }) => tags.names.includes(tag)))
    throw new Error(`no rule has the tag "${tag}", nor had one lately`);
}
