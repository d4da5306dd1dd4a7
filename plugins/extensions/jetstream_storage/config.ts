import { z } from 'zod';
import { isLoopback } from '../../../src/config/endpoint.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';

const GIB = 1024 ** 3;

/** `nats://host:port` or `tls://host:port`. Its value in code is the text. */
const serverSchema = z.string().superRefine((text, context) => {
  const problem = serverProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

function serverProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'expected an address with its scheme, as in nats://127.0.0.1:4222';
  const { protocol, username, password, pathname, search, hash, hostname } = new URL(text);
  if (protocol !== 'nats:' && protocol !== 'tls:') return 'expected nats:// or tls://';
  if (username || password) return 'no user and no password here, where they would be printed: use user and password';
  if (hostname === '' || (pathname !== '' && pathname !== '/') || search || hash)
    return 'expected a host and a port and nothing else, as in nats://127.0.0.1:4222';
  return undefined;
}

export const schema = z
  .strictObject({
    servers: z
      .array(serverSchema)
      .min(1)
      .max(32)
      .default(['nats://127.0.0.1:4222'])
      .describe(
        'of one cluster, `nats://` or `tls://`; the bridge connects to one of them, and to no other that they tell of',
      ),
    stream: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected up to 32 letters, digits, - and _')
      .default('couic-otel')
      .describe('name of the stream, of the first part of its subjects, and of the object store for snapshots'),
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)], { error: 'expected 1, 3 or 5' })
      .default(3)
      .describe('copies of both: 1, 3 or 5'),
    max_bytes: z
      .int()
      .min(64 * 1024 * 1024, 'must be at least 67108864 (64 MiB)')
      .max(1024 * GIB, 'must be at most 1099511627776 (1 TiB)')
      .default(4 * GIB)
      .describe(
        'of the log. What does not fit is refused, and Couic keeps it. As much again is set aside for snapshots',
      ),
    directory: z
      .string()
      .min(1, 'name a directory')
      .default('./data')
      .describe(
        "this bridge's own: who it is, and a copy of the newest snapshot. Created with mode 0700. Each bridge needs one of its own",
      ),
    user: z.string().min(1).optional().describe('with `password`'),
    password: z.string().min(1).optional().describe('of `user`'),
    nkey: z
      .string()
      .regex(/^SU[A-Z2-7]{56}$/, 'expected the seed of a user, which begins with SU and has 58 letters and digits')
      .optional()
      .describe("seed of a user's nkey, `SU…`"),
    credentials_file: z
      .string()
      .min(1, 'expected the path of a file')
      .optional()
      .describe(
        'a JWT with its seed, as `nsc generate creds` writes it; read at each connection, so a renewed one is taken up',
      ),
    tls: tlsClientSchema
      .optional()
      .describe('to the servers; with `cert_file` and `key_file` the client shows who it is'),
  })
  .superRefine((config, context) => {
    for (const message of problems(config)) context.addIssue({ code: 'custom', message });
  });

export type JetStreamStorageConfig = z.output<typeof schema>;

type Checked = Pick<JetStreamStorageConfig, 'servers' | 'user' | 'password' | 'nkey' | 'credentials_file' | 'tls'>;

function problems(config: Checked): string[] {
  const { user, password, nkey, credentials_file: credentials, tls, servers } = config;
  const found: string[] = [];
  if ((user === undefined) !== (password === undefined))
    found.push('user and password go together: give both or neither');
  if ([user, nkey, credentials].filter((each) => each !== undefined).length > 1)
    found.push('give one of user, nkey and credentials_file: a server takes one');
  const isKnown = [user, nkey, credentials, tls?.cert_file].some((each) => each !== undefined);
  const far = servers.find((server) => !serverProblem(server) && !isLoopback(new URL(server).hostname));
  if (!isKnown && far !== undefined)
    found.push(
      `${far} is not on this host, and takes anybody: give user and password, nkey, credentials_file, or tls with cert_file`,
    );
  return found;
}

/** Whether reports go over a network that anybody may listen on. */
export function openServers({ servers, tls }: Pick<Checked, 'servers' | 'tls'>): string[] {
  if (tls) return [];
  return servers.filter((server) => {
    const { protocol, hostname } = new URL(server);
    return protocol === 'nats:' && !isLoopback(hostname);
  });
}
