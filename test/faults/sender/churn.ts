import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedFirewall } from '../../support/couic-sim/firewall.ts';
import { below, pick, type Random } from '../../support/couic-sim/random.ts';

const NETWORKS = Array.from({ length: 20 }, (_, index) => `192.0.2.${index}/32`);
const CALLERS = 16;

/** One of a few networks is added, or removed if it is there, without a tag: reports that equal each other within a second. */
export function toggleOne(firewall: SimulatedFirewall, random: Random): void {
  const cidr = pick(random, NETWORKS);
  if (!firewall.add('drop', cidr)) firewall.remove('drop', cidr);
}

/** So many clients of one Couic's API do that, some thousand times a second. */
export async function churn(firewall: SimulatedFirewall, random: Random, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      toggleOne(firewall, random);
      await sleep(1 + below(random, 26));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}
