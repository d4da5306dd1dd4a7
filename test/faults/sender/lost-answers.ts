import type { SimulatedCouic } from '../../support/couic-sim/couic.ts';
import { Link, type Trouble } from './link.ts';
import { SenderBridge, truth } from './sender-bridge.ts';

/** Where a request or its answer can break off: in the head, in the body, before, in and just before the end of the answer. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'before the head': { of: 'request', after: 0, what: 'cut' },
  'in the head': { of: 'request', after: 60, what: 'cut' },
  'in the first report': { of: 'request', after: 300, what: 'cut' },
  'in the second report': { of: 'request', after: 440, what: 'cut' },
  'before the answer': { of: 'answer', after: 0, what: 'cut' },
  'after a byte of the answer': { of: 'answer', after: 1, what: 'cut' },
  'in the status line': { of: 'answer', after: 12, what: 'cut' },
  'in the head of the answer': { of: 'answer', after: 40, what: 'cut' },
  'in the body of the answer': { of: 'answer', after: 190, what: 'cut' },
  'held back in the head, until the retry is answered': { of: 'request', after: 60, what: 'hold' },
  'held back in the first report, until the retry is answered': { of: 'request', after: 300, what: 'hold' },
  'held back in the first report, until more is answered': { of: 'request', after: 300, what: 'hold' },
  'held back in the second report, until the retry is answered': { of: 'request', after: 440, what: 'hold' },
  'held back in the second report, until more is answered': { of: 'request', after: 440, what: 'hold' },
};

/** All of them at once, on a Couic each. @returns how often Couic failed, by what was in its way. */
export async function loseAll(): Promise<Record<string, number>> {
  const troubles = Object.entries(TROUBLES);
  const nameOf = (index: number) => `edge-${index}`;
  const bridge = await SenderBridge.start(troubles.map((_trouble, index) => nameOf(index)));
  try {
    const failures = troubles.map(async ([title, trouble], index) => {
      return [title, await loseOne(bridge, nameOf(index), title, trouble)] as const;
    });
    return Object.fromEntries(await Promise.all(failures));
  } finally {
    await bridge.remove();
  }
}

/**
 * One body breaks off on its way; new reports come before it is sent again; what was held back arrives when the retry is
 * answered, or after the equal bodies that follow at once. Compares at every step.
 *
 * @returns how often it failed for Couic. @throws with the step at which the bridge showed something else.
 */
async function loseOne(bridge: SenderBridge, name: string, title: string, trouble: Trouble): Promise<number> {
  const link = await Link.open(bridge.port);
  const couic = bridge.couic(name, {}, link.port);
  const { firewall } = couic;
  const settled = async (step: string) => {
    await couic.drained();
    const [shown, expected] = [await bridge.shown(name), truth(couic)];
    if (shown.reports === expected.reports && shown.active === expected.active) return;
    throw new Error(`${title}, ${step}: expected ${JSON.stringify(expected)}, shown ${JSON.stringify(shown)}`);
  };
  try {
    firewall.add('drop', '192.0.2.1/32');
    await settled('before anything went wrong');
    link.arm(trouble);
    // Both in one body.
    firewall.add('drop', '192.0.2.2/32');
    firewall.add('drop', '192.0.2.3/32', { tag: 'second' });
    await failed(couic);
    if (link.armed) throw new Error(`${title}: so many bytes did not pass`);
    firewall.add('drop', '192.0.2.4/32');
    await settled('after the retry');
    if (!title.endsWith('until more is answered')) link.release();
    await toggle(couic, '192.0.2.5/32', 7);
    await settled('after equal bodies');
    link.release();
    await toggle(couic, '192.0.2.6/32', 3);
    await settled('after what was held back');
    // Whatever the bridge made of that is shown by now.
    await toggle(couic, '192.0.2.7/32', 3);
    await settled('at the end');
    return couic.counts.failures;
  } finally {
    await couic.stop();
    link.close();
  }
}

async function failed(couic: SimulatedCouic): Promise<void> {
  const { failures } = couic.counts;
  while (couic.counts.failures === failures) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Adds a rule and removes it again, in turn, each in a body of its own, at once after the answer to the one before. */
export async function toggle(couic: SimulatedCouic, cidr: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    if (!couic.firewall.add('drop', cidr)) couic.firewall.remove('drop', cidr);
    await couic.drained();
  }
}
