import { pino } from 'pino';
import { systemClock } from '../clock.ts';
import type { BridgeConfig } from '../config/bridge-config.ts';
import { BridgeEvents } from '../events/bridge-events.ts';
import { ConnectionBudget } from '../http/connection-budget.ts';
import { buildComponents, type Components } from '../service/build-components.ts';
import { Carried } from '../service/carried.ts';
import { bridgeView } from '../service/running-bridge.ts';
import { createServiceLedger } from '../service/service-ledger.ts';
import { Health } from '../telemetry/health.ts';
import { createMeterProvider } from '../telemetry/meter-provider.ts';
import { createResource } from '../telemetry/resource.ts';

/** All components of a configuration, for a command that looks at what a bridge keeps while none runs. Opens nothing. */
export async function buildStopped(
  config: BridgeConfig,
  version: string,
): Promise<{ components: Components; connections: ConnectionBudget }> {
  const logger = pino({ enabled: false });
  const connections = new ConnectionBudget();
  const resource = createResource({ version, instanceId: 'command' });
  const components: Components = await buildComponents({
    config,
    logger,
    version,
    clock: systemClock,
    events: new BridgeEvents(),
    health: new Health(),
    connections,
    carried: new Carried(),
    // No extension but the storage is started, so none shows it.
    bridge: bridgeView(
      () => components,
      () => [],
    ),
    // Nobody reads it.
    meterProvider: createMeterProvider({ version, resource, metrics: [] }),
    createLedger: createServiceLedger,
  });
  return { components, connections };
}
