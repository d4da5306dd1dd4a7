import { readFileSync } from 'node:fs';
import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect, test } from 'vitest';
import { couicText } from '../../src/events/formats/couic.ts';
import { ecsText } from '../../src/events/formats/ecs.ts';
import { logRecord } from '../../src/events/formats/otlp.ts';
import { syslogMessage } from '../../src/events/formats/rfc5424.ts';
import { addedEvent } from '../support/sample-events.ts';

const page = readFileSync('docs/events.md', 'utf8');
const source = {
  resource: resourceFromAttributes({ 'service.name': 'couic-otel-bridge' }),
  instrumentationScope: { name: 'couic-otel-bridge/events' },
};
const format = {
  facility: 'local4',
  severity: 'notice',
  quarantine_severity: 'warning',
  hostname: 'edge',
  app_name: 'couic-otel-bridge',
  sd_id: 'couic@32473',
  max_message_size: 8192,
} as const;

/** The first block after a heading line of the examples. */
function block(after: string): string {
  const from = page.indexOf('```', page.indexOf(after, page.indexOf('## Examples')));
  return page.slice(page.indexOf('\n', from) + 1, page.indexOf('\n```', from));
}

test('the example of each format is what the bridge writes', () => {
  const event = addedEvent();
  expect(JSON.parse(block('`couic`:'))).toEqual(JSON.parse(couicText(event)));
  expect(JSON.parse(block('`ecs`,'))).toEqual(JSON.parse(ecsText(event)));
  expect(block('`syslog`:')).toBe(syslogMessage(event, format).toString('utf8'));
  const request = JSON.parse(
    Buffer.from(JsonLogsSerializer.serializeRequest([logRecord(event, source)])!).toString('utf8'),
  );
  expect(JSON.parse(block('A LogRecord,'))).toEqual(request.resourceLogs[0].scopeLogs[0].logRecords[0]);
});
