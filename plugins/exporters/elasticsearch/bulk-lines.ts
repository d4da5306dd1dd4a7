import type { CouicEvent } from '../../../src/events/event.ts';
import { ecsText } from '../../../src/events/formats/ecs.ts';
import { type TargetNames, targetOf } from './index-names.ts';
import { plainText } from './plain-text.ts';

interface BulkOptions extends TargetNames {
  readonly mapping: { readonly mode: 'ecs' | 'none' };
}

/**
 * Writes the two lines that an event is in the body of a bulk request, with their ends. What is the same for all events of a
 * Couic is written once: there are as many as are configured.
 */
export function bulkEncoder(options: BulkOptions): (event: CouicEvent) => string {
  const known = new Map<string, { readonly action: string; readonly document: string }>();
  const write = options.mapping.mode === 'ecs' ? ecsText : plainText;
  const begin = (instance: string) => {
    const { index, dataStream } = targetOf(options, instance);
    const begun = {
      action: `{"create":{"_index":${JSON.stringify(index)},"_id":`,
      document: dataStream === undefined ? '{' : `{"data_stream":${JSON.stringify(dataStream)},`,
    };
    known.set(instance, begun);
    return begun;
  };
  return (event) => {
    const { action, document } = known.get(event.instance) ?? begin(event.instance);
    return `${action}${JSON.stringify(event.id)}}}\n${document}${write(event).slice(1)}\n`;
  };
}
