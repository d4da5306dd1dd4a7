import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { Log } from './log.ts';

/** Others with the same key that are counted; more say nothing new. */
const MOST_OTHERS = 16;
/** Whoever has the name may end just when we ask it. */
const ATTEMPTS = 3;
/** Names are for everybody to see (/proc/net/unix): a key that somebody chose must not be cheap to guess by one. */
const ROUNDS = 100_000;
const SALT = 'couic-otel-bridge/exporter/crowdsec';

const SHARED: Pick<Finding, 'message' | 'advice'> = {
  message:
    'another bridge on this host has the same key or certificate: LAPI takes both for one bouncer, and cscli counts what both tell in the same second once',
  advice:
    'end the other one, or make it a key of its own: cscli bouncers add NAME. "ss --unix --all --processes | grep couic-otel-bridge" shows both, as root',
};

/** Who we are to which LAPI: its address, and the key or the name in the certificate. */
export type Identity = readonly [lapi: string, key: string];

/**
 * LAPI shows a bouncer nothing of others that use its key. On one host bridges tell each other: who comes first listens on a
 * name that the kernel has once (an abstract Unix socket, unix(7): no file, gone with the process), and the others hold a
 * connection to it. Nothing is said over it. Linux only; containers of different networks do not see each other.
 */
export class KeyClaim {
  readonly #identity: () => Promise<Identity>;
  readonly #log: Log;
  /** Listens while the name is ours. */
  #server: Server | undefined;
  /** To whoever has the name. */
  #holder: Socket | undefined;
  /** Those who wanted it as well. */
  readonly #others = new Set<Socket>();
  #claiming: Promise<void> | undefined;
  #ended = false;

  constructor(identity: () => Promise<Identity>, log: Log) {
    this.#identity = identity;
    this.#log = log;
  }

  /** Claims the name in the background; says so when another has it. */
  start(): void {
    if (process.platform !== 'linux') return;
    this.#claiming = this.#claim().catch((error: Error) => {
      this.#log.debug({ err: error }, 'Whether another bridge has the same key cannot be told');
    });
  }

  /** Whether another has the key now. Works without `start()` too. */
  async examine(): Promise<readonly Finding[]> {
    return (await this.isShared().catch(() => false)) ? [{ level: 'warning', ...SHARED }] : [];
  }

  async isShared(): Promise<boolean> {
    if (process.platform !== 'linux') return false;
    if (!this.#claiming) return !(await tryName(await claimName(await this.#identity())));
    await this.#claiming;
    return this.#holder !== undefined || this.#others.size > 0;
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#claiming;
    this.#holder?.destroy();
    for (const other of this.#others) other.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async #claim(): Promise<void> {
    const name = await claimName(await this.#identity());
    for (let attempt = 0; attempt < ATTEMPTS && !this.#ended; attempt++) {
      this.#server = await listen(name, (socket) => this.#meet(socket));
      if (this.#server) return;
      const holder = await connect(name);
      if (!holder) continue;
      this.#holder = holder;
      this.#warn();
      holder.once('close', () => {
        this.#holder = undefined;
        if (!this.#ended) this.start();
      });
      return;
    }
  }

  #meet(socket: Socket): void {
    if (this.#others.size === 0) this.#warn();
    this.#others.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#others.delete(socket));
    // There is nothing to say.
    socket.once('data', () => socket.destroy());
    socket.unref();
  }

  #warn(): void {
    const { message, advice } = SHARED;
    this.#log.warn({}, `${message.charAt(0).toUpperCase()}${message.slice(1)}: ${advice}`);
  }
}

/** The socket's name. */
export async function claimName(identity: Identity): Promise<string> {
  const digest = await promisify(pbkdf2)(JSON.stringify(identity), SALT, ROUNDS, 16, 'sha256');
  return `\0couic-otel-bridge/lapi/${digest.toString('hex')}`;
}

/** @returns undefined when another listens there. */
async function listen(name: string, meet: (socket: Socket) => void): Promise<Server | undefined> {
  const server = createServer(meet);
  server.maxConnections = MOST_OTHERS;
  server.listen(name);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  server.on('error', () => {});
  return server;
}

/** @returns undefined when nobody listens there any more. */
async function connect(name: string): Promise<Socket | undefined> {
  const socket = createConnection(name);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return undefined;
    throw error;
  }
  socket.on('error', () => {});
  // The end of the other is heard only by who reads.
  socket.resume();
  socket.unref();
  return socket;
}

/** @returns whether the name is free. */
async function tryName(name: string): Promise<boolean> {
  const server = await listen(name, (socket) => socket.destroy());
  if (server) await new Promise((resolve) => server.close(resolve));
  return server !== undefined;
}
