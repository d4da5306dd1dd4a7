import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which way nothing passes. What is sent meanwhile is not lost: as on a network whose packets are dropped, it comes once they are not. */
export type Cut = 'none' | 'to the server' | 'to the client' | 'both';

/** The way between a client and a server, which drops one direction or both when told to. */
export class FaultProxy {
  readonly #target: number;
  readonly #server;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  #cut: Cut = 'none';
  #isRefusing = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#join(client));
  }

  /** @param target - port of the server. */
  static async open(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(cut: Cut): void {
    this.#cut = cut;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  /** Whether a client goes this way now. */
  get isUsed(): boolean {
    return this.#pairs.size > 0;
  }

  /**
   * Nearly as a server that is not there: connections break off, and a new one is taken and dropped at once, where the real thing would refuse
   * it. That a client goes on to the next server all the same is believed; a server that is really not there is tried by killing one.
   */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
    if (isRefusing) this.#breakAll();
  }

  close(): void {
    this.#breakAll();
    this.#server.close();
  }

  #breakAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(client: Socket): void {
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => client.write(bytes));
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    this.#apply(pair);
  }

  #apply([client, server]: readonly [Socket, Socket]): void {
    if (this.#cut === 'both' || this.#cut === 'to the server') client.pause();
    else client.resume();
    if (this.#cut === 'both' || this.#cut === 'to the client') server.pause();
    else server.resume();
  }
}
