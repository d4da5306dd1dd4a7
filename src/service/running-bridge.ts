import { newestEvents } from '../events/newest-events.ts';
import { type Asked, LocalAdmin } from './admin/local-admin.ts';
import type { BridgeView, ShownComponent } from './bridge-view.ts';
import type { Built, Components } from './build-components.ts';
import type { Component, Receiver } from './component.ts';
import { isInstance } from './metric-source.ts';

/** The view of a bridge of this process. @param components - those of now. @param asked - all that can be asked of it. */
export function bridgeView(components: () => Components, asked: () => readonly Asked[]): BridgeView {
  const admin = new LocalAdmin(asked, true);
  return {
    components() {
      const { receivers, exporters, extensions } = components();
      return [
        ...receivers.map((each) => shown('receiver', each)),
        ...exporters.map((each) => shown('exporter', each)),
        ...extensions.map((each) => shown('extension', each)),
      ];
    },
    call: (component, operation, argument) => admin.call(component, operation, argument),
    newestEvents: (most, signal) => newestEvents(components().log, most, signal),
  };
}

function shown(kind: ShownComponent['kind'], { id, component }: Built<Component>): ShownComponent {
  const { metrics, tellsOf = [] } = component as Partial<Receiver>;
  const instances = [...new Set([...(metrics?.names.filter(isInstance) ?? []), ...tellsOf])];
  return { kind, id, instances, status: component.status?.() };
}
