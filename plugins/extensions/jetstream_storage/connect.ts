import { readFile } from 'node:fs/promises';
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
import type { JetStreamStorageConfig } from './config.ts';

const CONNECT_MS = 5000;
const RECONNECT_MS = 250;
/** A server that is gone without a word is noticed after two of these. */
const PING_MS = 2000;

/** Connects to one of the servers, and to another one whenever that is lost. @throws Error for the operator. */
export async function connectTo(config: JetStreamStorageConfig, name: string): Promise<NatsConnection> {
  const { servers } = config;
  const isTls = config.tls !== undefined || servers.some((server) => server.startsWith('tls:'));
  const authenticator = await authenticatorOf(config);
  try {
    return await connect({
      servers: servers.map((server) => new URL(server).host),
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
    });
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${servers.join(', ')} cannot be reached, or take no such client: ${message}`, { cause: error });
  }
}

async function authenticatorOf(config: JetStreamStorageConfig): Promise<Authenticator | undefined> {
  const { user, password, nkey, credentials_file: file } = config;
  if (user !== undefined) return usernamePasswordAuthenticator(user, password);
  if (nkey !== undefined) return nkeyAuthenticator(Buffer.from(nkey));
  if (file === undefined) return undefined;
  try {
    return credsAuthenticator(await readFile(file));
  } catch (error) {
    throw new Error(`credentials_file: cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
