import { afterEach, beforeEach, expect, test } from 'vitest';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';

let bridge: BridgeUnderTest;

beforeEach(() => {
  bridge = new BridgeUnderTest();
});

afterEach(() => bridge.remove());

test('SIGUSR1 opens no inspector, SIGHUP ends nothing, and both may come often', async () => {
  bridge.write({
    receivers: { couic: { endpoint: '127.0.0.1:0' } },
    exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
    extensions: { file_storage: {} },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
    },
  });
  await bridge.start();
  for (let time = 0; time < 3; time++) {
    process.kill(bridge.pid, 'SIGUSR1');
    process.kill(bridge.pid, 'SIGHUP');
  }
  await expect.poll(() => bridge.output).toContain('Reloaded config.yaml: no component changed');
  expect(await bridge.scrape()).toContain('target_info');
  expect(bridge.output).not.toMatch(/debugger|inspector/i);
  expect(await bridge.stop()).toBe(0);
});
