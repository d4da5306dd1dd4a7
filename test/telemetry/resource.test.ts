import { afterEach, expect, test, vi } from 'vitest';
import { createResource } from '../../src/telemetry/resource.ts';

afterEach(() => vi.unstubAllEnvs());

test('the configuration wins over the environment, and an empty value takes an attribute away', () => {
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'service.namespace=env,host.name=gw');
  const { attributes } = createResource({
    version: '1.2.3',
    instanceId: 'id-1',
    configured: { 'service.namespace': 'edge', 'service.version': undefined },
  });
  expect(attributes).toMatchObject({
    'service.name': 'couic-otel-bridge',
    'service.instance.id': 'id-1',
    'service.namespace': 'edge',
    'host.name': 'gw',
  });
  expect(attributes).not.toHaveProperty(['service.version']);
});
