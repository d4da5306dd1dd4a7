import type { LimitUse } from '../telemetry/limits.ts';
import { type AttributeLimits, RULE_LIMITS } from './attribute-limits.ts';
import { type InstanceTotals, OVERFLOW } from './instance-totals.ts';

const OPTION = 'service.attribute_limits';

/** How full the bounds of an instance are. */
export function* limitUses(instance: InstanceTotals, limits: AttributeLimits): Generator<LimitUse> {
  const { name: of, tags, kinds, series, overflows, ruleOverflows, held } = instance;
  const attribute = (what: keyof AttributeLimits, used: number, overflow: number): LimitUse => ({
    of,
    what,
    used,
    limit: limits[what],
    beyond: overflows.value(overflow),
    option: `${OPTION}.${what}`,
  });
  yield attribute('tags', tags.used, OVERFLOW.tag);
  yield attribute('kinds', kinds.used, OVERFLOW.kind);
  yield attribute('series', series, OVERFLOW.series);
  for (const [ignore, policy] of (['drop', 'ignore'] as const).entries()) {
    for (const [ipv6, family] of (['ipv4', 'ipv6'] as const).entries()) {
      const group = (ipv6 << 1) | ignore;
      const beyond = ruleOverflows.value(group);
      yield { of, what: `${policy} rules ${family}`, used: held[group]!, limit: RULE_LIMITS[policy], beyond };
    }
  }
}
