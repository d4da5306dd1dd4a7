import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../support/couic-sim/random.ts';
import { churn } from './churn.ts';
import { EqualBodies } from './equal-bodies.ts';
import { SenderBridge, truth } from './sender-bridge.ts';

export interface ChurnResult {
  requests: number;
  /** Bodies that equalled one of the 32 before them. */
  equal: number;
  expected: { reports: number; active: number };
  actual: { reports: number; active: number };
}

/** Churn on one Couic for so many seconds, over one kept connection: every report is a real one. */
export async function churnRun(seed: number, seconds: number): Promise<ChurnResult> {
  const bridge = await SenderBridge.start(['edge']);
  const equal = new EqualBodies();
  const couic = bridge.couic('edge', { onAttempt: (_reports, _outcome, body) => equal.add(body) });
  try {
    await churn(couic.firewall, seededRandom(seed), seconds);
    await couic.drained();
    if (couic.counts.failures + couic.counts.dropped > 0) throw new Error('the bridge did not keep up');
    return {
      requests: couic.counts.attempts,
      equal: equal.count,
      expected: truth(couic),
      actual: await bridge.shown('edge'),
    };
  } finally {
    await couic.stop();
    await bridge.remove();
  }
}

/** The bridge is stopped in the middle of a body and goes on after so many seconds; then equal bodies follow at once. */
export async function pauseRun(seconds: number): Promise<Omit<ChurnResult, 'requests'>> {
  const bridge = await SenderBridge.start(['edge']);
  const equal = new EqualBodies();
  // A body takes a while, so that the pause finds it under way.
  const couic = bridge.couic('edge', {
    bytesPerSecond: 20_000,
    onAttempt: (_reports, _outcome, body) => equal.add(body),
  });
  try {
    for (let i = 0; i < 100; i++) couic.firewall.add('drop', `10.0.0.${i}/32`);
    await sleep(300);
    process.kill(bridge.process.pid, 'SIGSTOP');
    await sleep(seconds * 1000);
    process.kill(bridge.process.pid, 'SIGCONT');
    await couic.drained();
    for (let i = 0; i < 12; i++) {
      if (!couic.firewall.add('drop', '192.0.2.1/32')) couic.firewall.remove('drop', '192.0.2.1/32');
      await couic.drained();
    }
    return { equal: equal.count, expected: truth(couic), actual: await bridge.shown('edge') };
  } finally {
    await couic.stop();
    await bridge.remove();
  }
}

/** The bridge ends between an answer and the next body, in order and not, again and again. */
export async function restartRun(restarts: number): Promise<Omit<ChurnResult, 'equal'>> {
  const bridge = await SenderBridge.start(['edge']);
  const couic = bridge.couic('edge');
  const { firewall } = couic;
  try {
    for (let i = 0; i < restarts; i++) {
      // The body after the restart begins like this one, and then differs.
      firewall.add('drop', '192.0.2.1/32');
      firewall.add('drop', `10.0.0.${i}/32`);
      await couic.drained();
      await bridge.process.stop(i % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      firewall.remove('drop', '192.0.2.1/32');
      firewall.add('drop', '192.0.2.1/32');
      firewall.add('drop', `10.1.0.${i}/32`);
      await bridge.process.start();
      await couic.drained();
      firewall.remove('drop', '192.0.2.1/32');
      await couic.drained();
    }
    return { requests: couic.counts.attempts, expected: truth(couic), actual: await bridge.shown('edge') };
  } finally {
    await couic.stop();
    await bridge.remove();
  }
}
