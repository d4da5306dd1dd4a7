import { expect, test } from 'vitest';
import { clusterRun } from './cluster-run.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';

const FAULTS = Number(process.env.CLUSTER_FAULTS ?? 20);
const SEED = Number(process.env.CLUSTER_SEED ?? Date.now() % 1_000_000);

describeWithNats('three bridges on three NATS servers', (binary) => {
  test(
    `${FAULTS} faults, seed ${SEED}: counters, rules, windows and events equal the model's, on every bridge`,
    async () => {
      const result = await clusterRun(binary, SEED, FAULTS, (line) => console.log(line));
      const { expected, actual, dropped, events, ...figures } = result;
      console.log(JSON.stringify(figures));
      for (const each of actual) expect(each).toEqual({ reports: expected.reports, active: expected.active });
      expect(dropped).toEqual(expected.dropped);
      expect(events).toEqual(expected.events);
      expect(figures.failedAttempts).toBeGreaterThan(0);
    },
    FAULTS * 60_000 + 300_000,
  );
});
