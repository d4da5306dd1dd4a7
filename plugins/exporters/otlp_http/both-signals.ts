import type { PushExporter } from '../../../src/delivery/push-exporter.ts';
import type { EventExporter } from '../../../src/events/event-exporter.ts';
import type { Exporter } from '../../../src/service/component.ts';

/** An exporter of metrics and one of events, under one id. */
export function bothSignals(metrics: PushExporter, events: EventExporter): Exporter {
  return {
    reader: metrics.reader,
    operations: events.operations,
    async start() {
      await metrics.start();
      await events.start();
    },
    async shutdown(deadline) {
      await Promise.all([metrics.shutdown(deadline), events.shutdown(deadline)]);
    },
    status() {
      const [own, others] = [metrics.status(), events.status()];
      const troubles = [own.trouble, others.trouble].filter(Boolean);
      return {
        ...others,
        where: `${own.where}, ${others.where}`,
        lastSuccess: Math.max(own.lastSuccess ?? 0, others.lastSuccess ?? 0) || null,
        trouble: troubles.length === 0 ? null : troubles.join('; '),
      };
    },
    examine: async (signal) => [...(await metrics.examine(signal)), ...(await events.examine())],
  };
}
