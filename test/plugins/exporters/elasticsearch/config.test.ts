import { expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../../../plugins/exporters/elasticsearch/config.ts';

const endpoint = 'https://siem.example:9200';

test('defaults', () => {
  expect(schema.parse({ endpoint })).toMatchObject({
    compression: 'gzip',
    timeout: 90_000,
    mapping: { mode: 'ecs' },
    logs_dynamic_index: { enabled: false },
    data_stream: { dataset: 'couic.events', namespace: 'default' },
  });
});

test.each([
  [{}, 'give endpoint, or endpoints with several, not both'],
  [{ endpoint, endpoints: [endpoint] }, 'give endpoint, or endpoints with several, not both'],
  [{ endpoint, user: 'x' }, 'user and password go together'],
  [{ endpoint, user: 'x', password: 'y', api_key: 'z' }, 'give one of user with password, api_key'],
  [{ endpoint, api_key: 'z', headers: { Authorization: 'x' } }, 'give one of user with password, api_key'],
  [{ endpoint, api_key: 'a\nb' }, 'has characters that no header may have'],
  [{ endpoint, timeout: '14s' }, 'must be at least 15s'],
  [{ endpoint, logs_index: 'Blocks' }, 'the name of an index has no capital letters'],
  [{ endpoint, logs_index: 'a,b' }, 'the name of an index has none of'],
  [{ endpoint, logs_index: '_all' }, 'is not the name of an index'],
  [{ endpoint, logs_index: 'x', logs_dynamic_index: { enabled: true } }, 'give one of them'],
  [{ endpoint, data_stream: { dataset: 'a-b' } }, 'a dataset has no hyphen'],
  [{ endpoint, data_stream: { namespace: 'é'.repeat(51) } }, 'has more than 100 bytes'],
  [{ endpoint, mapping: { mode: 'otel' } }, 'expected one of "ecs"|"none"'],
  [{ endpoint, addresses: 'hmac' }, 'addresses: hmac needs hmac_key_file'],
  [{ endpoint: 'https://user:secret@siem.example' }, 'no user and no password here'],
])('%j is refused', (options, message) => {
  const { error } = schema.safeParse(options);
  expect(z.prettifyError(error!)).toContain(message);
});
