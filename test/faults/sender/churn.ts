import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedFirewall } from '../../support/couic-sim/firewall.ts';
import { below, pick, type Random } from '../../support/couic-sim/random.ts';

const NETWORKS = Array.from({ length: 20 }, (_, index) => `192.0.2.${index}/32`);
const CALLERS = 16;

/** So many clients of one Couic's API add and delete the same few networks, without a tag, some thousand times a second. */
export async function churn(firewall: SimulatedFirewall, random: Random, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      const cidr = pick(random, NETWORKS);
      if (!firewall.add('drop', cidr)) firewall.remove('drop', cidr);
      await sleep(1 + below(random, 26));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}
