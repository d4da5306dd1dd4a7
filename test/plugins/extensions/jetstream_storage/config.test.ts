import { expect, test } from 'vitest';
import { openServers, schema } from '../../../../plugins/extensions/jetstream_storage/config.ts';

const problemsOf = (options: object) => schema.safeParse(options).error?.issues.map(({ message }) => message) ?? [];

test('the defaults are a server on this host and three copies', () => {
  expect(schema.parse({})).toEqual({
    servers: ['nats://127.0.0.1:4222'],
    stream: 'couic-otel',
    replicas: 3,
    max_bytes: 4 * 1024 ** 3,
    directory: './data',
  });
});

const NKEY = `SU${'A'.repeat(56)}`;
test.each<[options: object, ...problems: string[]]>([
  [{ servers: ['localhost:4222'] }, 'expected nats:// or tls://'],
  [{ servers: ['host'] }, 'expected an address with its scheme, as in nats://127.0.0.1:4222'],
  [
    { servers: ['nats://me:secret@127.0.0.1'] },
    'no user and no password here, where they would be printed: use user and password',
  ],
  [{ servers: ['nats://127.0.0.1/x'] }, 'expected a host and a port and nothing else, as in nats://127.0.0.1:4222'],
  [{ user: 'a' }, 'user and password go together: give both or neither'],
  [{ user: 'a', password: 'b', nkey: NKEY }, 'give one of user, nkey and credentials_file: a server takes one'],
  [
    { servers: ['nats://127.0.0.1', 'tls://nats.example'] },
    'tls://nats.example is not on this host, and takes anybody: give user and password, nkey, credentials_file, or tls with cert_file',
  ],
  [{ stream: 'a.b' }, 'expected up to 32 letters, digits, - and _'],
  [{ replicas: 2 }, 'expected 1, 3 or 5'],
  [{ max_bytes: 1000 }, 'must be at least 67108864 (64 MiB)'],
  [{ nkey: 'SUX' }, 'expected the seed of a user, which begins with SU and has 58 letters and digits'],
  [{ servers: ['tls://nats.example'], nkey: NKEY }],
  [{ servers: ['tls://nats.example'], tls: { cert_file: 'a', key_file: 'b' } }],
])('%j', (options, ...problems) => {
  expect(problemsOf(options)).toEqual(problems);
});

test('what goes over a network unencrypted is said', () => {
  const servers = ['nats://127.0.0.1', 'nats://nats.example', 'tls://other.example'];
  expect(openServers({ servers, tls: undefined })).toEqual(['nats://nats.example']);
});
