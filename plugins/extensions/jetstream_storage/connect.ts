import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { loadClientTls } from '../../../src/config/tls.ts';
import { isRefusal, isUnreached } from '../../../src/log/jetstream/errors.ts';
import type { JetStreamStorageConfig } from './config.ts';

const CONNECT_MS = 5000;
const RECONNECT_MS = 250;
/** A server that is gone without a word is noticed after two of these. */
const PING_MS = 2000;

/** Connects to one of the servers, and to another one whenever that is lost. @throws Error for the operator. */
export async function connectTo(config: JetStreamStorageConfig, name: string): Promise<NatsConnection> {
  const { servers } = config;
  const hosts = shuffled(servers.map((server) => new URL(server).host));
  const isTls = config.tls !== undefined || servers.some((server) => server.startsWith('tls:'));
  const authenticator = authenticatorOf(config);
  try {
    return await connect({
      // Those that cannot be reached now are struck off by the client, for ever: each has a second place, which is not come to by then.
      servers: [...hosts, ...hosts],
      noRandomize: true,
      name,
      ...(authenticator && { authenticator }),
      // Node's own options pass through the client's, which name only some of them.
      ...(isTls && {
        tls: (config.tls ? await loadClientTls(config.tls) : {}) as NonNullable<NodeConnectionOptions['tls']>,
      }),
      timeout: CONNECT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ignoreClusterUpdates: true,
      // A stack for each request, in case that it fails: of an append nobody needs to know where it came from.
      noAsyncTraces: true,
      // Whoever was let in once is again, when what it shows is renewed.
      ignoreAuthErrorAbort: true,
    });
  } catch (error) {
    const { message } = error as Error;
    const advice = isRefusal(error) ? adviceOf(config) : isUnreached(error) ? lookThere(servers[0]!, isTls) : undefined;
    const what = `${servers.join(', ')} cannot be reached, or take no such client: ${message}`;
    throw new Error(advice === undefined ? what : `${what}. ${advice}`, { cause: error });
  }
}

/** So that not all bridges are at the first one. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** @param server - without user and password, which the schema refuses there. */
function lookThere(server: string, isTls: boolean): string {
  const handshake = isTls ? '. A TLS handshake that it broke off is in its log' : '';
  return `Does nats-server run there, is it its address and its port for clients (4222, unless it was told another), and does a firewall let this host through? NATS's own tool tries it: nats server check connection --server ${server}${handshake}`;
}

function adviceOf({ user, nkey, credentials_file: file }: JetStreamStorageConfig): string {
  if (file !== undefined)
    return 'Is what credentials_file names of this account, and not over? nsc generate creds writes another one';
  if (user !== undefined) return 'Look at user and password: they are those of the server';
  if (nkey !== undefined) return 'Look at nkey: the server has to know its public half (nk -inkey FILE -pubout)';
  return 'Give user and password, nkey, credentials_file, or tls with cert_file: what the server asks for';
}

/** A file is read with each attempt: what was renewed is taken up by the next. @throws when it cannot be read, or is none. */
function authenticatorOf(config: JetStreamStorageConfig): Authenticator | undefined {
  const { user, password, nkey, credentials_file: file } = config;
  if (user !== undefined) return usernamePasswordAuthenticator(user, password);
  if (nkey !== undefined) return nkeyAuthenticator(Buffer.from(nkey));
  if (file === undefined) return undefined;
  let last = credentialsIn(file);
  return (nonce) => {
    try {
      last = credentialsIn(file);
    } catch {
      // It is being written, say: what was there before is shown.
    }
    return last(nonce);
  };
}

function credentialsIn(file: string): Authenticator {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Error(`credentials_file: cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const authenticator = credsAuthenticator(bytes);
    authenticator('try');
    return authenticator;
  } catch (error) {
    throw new Error(
      `credentials_file: ${file} holds no credentials (a JWT and its seed): nsc generate creds writes them`,
      { cause: error },
    );
  }
}
