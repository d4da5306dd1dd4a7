import { createNoopMeter } from '@opentelemetry/api';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { fileStorage } from '../../../../plugins/extensions/file_storage/factory.ts';
import { systemClock } from '../../../../src/clock.ts';
import { BridgeEvents } from '../../../../src/events/bridge-events.ts';
import { ConnectionBudget } from '../../../../src/http/connection-budget.ts';
import { TrustedClock } from '../../../../src/ledger/trusted-clock.ts';
import { Carried } from '../../../../src/service/carried.ts';
import type { ExtensionContext } from '../../../../src/service/component.ts';
import { Health } from '../../../../src/telemetry/health.ts';
import { temporaryDirectory } from '../../../log/embedded/testing.ts';
import { emptyBridge } from '../../../support/exporter-context.ts';

const context = (): ExtensionContext => ({
  id: 'file_storage',
  logger: pino({ enabled: false }),
  clock: systemClock,
  trustedClock: new TrustedClock(systemClock),
  meter: createNoopMeter(),
  events: new BridgeEvents(),
  health: new Health(),
  connections: new ConnectionBudget(),
  carried: new Carried(),
  bridge: emptyBridge,
  version: '0.0.0',
});

test('the directory has a default, and unknown keys are refused', () => {
  expect(fileStorage.schema.parse({})).toEqual({ directory: './data' });
  expect(fileStorage.schema.safeParse({ directory: '' }).error?.issues[0]?.message).toBe('name a directory');
  expect(fileStorage.schema.safeParse({ dir: 'x' }).success).toBe(false);
});

test('start opens the log and shutdown closes it, twice if need be', async () => {
  const directory = temporaryDirectory();
  const extension = await fileStorage.create(context(), { directory });
  await extension.start();
  expect(extension.log?.identity.instanceId).toBeDefined();
  const deadline = new AbortController().signal;
  await extension.shutdown(deadline);
  await extension.shutdown(deadline);

  const again = await fileStorage.create(context(), { directory });
  await again.start();
  expect(again.log?.identity).toEqual(extension.log?.identity);
  await again.shutdown(deadline);
});

test('shutdown without start opens nothing', async () => {
  const directory = temporaryDirectory();
  await (await fileStorage.create(context(), { directory: `${directory}/never` })).shutdown(
    new AbortController().signal,
  );
  const extension = await fileStorage.create(context(), { directory });
  await extension.start();
  await extension.shutdown(new AbortController().signal);
});
