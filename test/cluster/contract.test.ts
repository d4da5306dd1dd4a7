import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { LogEngine } from '../../src/log/engine.ts';
import { JetStreamEngine } from '../../src/log/jetstream/engine.ts';
import { Health } from '../../src/telemetry/health.ts';
import { engineContract, type LogUnderTest } from '../log/contract.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { NatsNode } from './tools/nats-node.ts';

const MIB = 1024 * 1024;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

describeWithNats('JetStream', (binary) => {
  let node: NatsNode;
  let streams = 0;

  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
  });
  afterAll(() => node.remove());

  async function create(): Promise<LogUnderTest> {
    const root = await mkdtemp(join(tmpdir(), 'couic-contract-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const stream = `log-${++streams}`;
    const inUse = new Set<number>();
    return {
      isShared: true,
      // Each bridge has a directory of its own; one that comes after another takes its place.
      engine() {
        let place = 0;
        while (inUse.has(place)) place++;
        inUse.add(place);
        const engine = new JetStreamEngine({
          connect: () => connect({ servers: node.server }),
          stream,
          replicas: 1,
          maxBytes: 64 * MIB,
          directory: join(root, `bridge-${place}`),
          clock: systemClock,
          health: new Health(),
          logger: silent as never,
        });
        const close = engine.close.bind(engine);
        engine.close = async () => {
          await close();
          inUse.delete(place);
        };
        return engine as LogEngine;
      },
    };
  }

  engineContract({ name: 'JetStream, one server', create, steps: [] });
});
