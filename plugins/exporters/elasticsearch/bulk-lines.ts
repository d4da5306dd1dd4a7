import type { CouicEvent } from '../../../src/events/event.ts';
import { ecsDocument } from '../../../src/events/formats/ecs.ts';
import type { ElasticsearchConfig } from './config.ts';
import { targetOf } from './index-names.ts';

type Options = Pick<ElasticsearchConfig, 'logs_index' | 'logs_dynamic_index' | 'data_stream'>;

/** The two lines that an event is in the body of a bulk request, with their ends. */
export function bulkLines(event: CouicEvent, options: Options): string {
  const { index, dataStream } = targetOf(options, event.instance);
  const action = { create: { _index: index, _id: event.id } };
  const document = ecsDocument(event);
  const routed = dataStream === undefined ? document : { ...document, data_stream: dataStream };
  return `${JSON.stringify(action)}\n${JSON.stringify(routed)}\n`;
}
