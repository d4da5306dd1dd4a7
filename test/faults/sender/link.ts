import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens on the way, once so many bytes of it have passed. */
export interface Trouble {
  /** Whose bytes are counted: the sender's request, or the bridge's answer. */
  readonly of: 'request' | 'answer';
  readonly after: number;
  /**
   * `cut`: nothing more passes, and both ends see a closed connection. `hold`: what comes later is kept back, also when the
   * sender has gone, until `release()`; then all of it arrives, as from a proxy that had it in its buffers.
   */
  readonly what: 'cut' | 'hold';
}

interface Pair {
  readonly sender: Socket;
  readonly bridge: Socket;
  held: Buffer[] | undefined;
}

/** The way between a sender and a bridge, on which one thing can go wrong at a time. */
export class Link {
  readonly #server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #trouble: (Trouble & { left: number }) | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((sender) => this.#join(sender));
  }

  /** @param target - port of the bridge. */
  static async open(target: number): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Bytes are counted from now on. */
  arm(trouble: Trouble): void {
    this.#trouble = { ...trouble, left: trouble.after };
  }

  get armed(): boolean {
    return this.#trouble !== undefined;
  }

  /** What was held back arrives. */
  release(): void {
    for (const pair of this.#pairs) {
      const held = pair.held ?? [];
      pair.held = undefined;
      for (const piece of held) pair.bridge.write(piece);
      if (pair.sender.destroyed) pair.bridge.end();
    }
  }

  close(): void {
    for (const { sender, bridge } of this.#pairs) {
      sender.destroy();
      bridge.destroy();
    }
    this.#server.close();
  }

  #join(sender: Socket): void {
    const bridge = connect(this.#target, '127.0.0.1');
    const pair: Pair = { sender, bridge, held: undefined };
    this.#pairs.add(pair);
    sender.on('data', (piece) => this.#pass('request', piece, pair));
    bridge.on('data', (piece) => this.#pass('answer', piece, pair));
    sender.on('close', () => {
      if (!pair.held) bridge.destroy();
    });
    bridge.on('close', () => {
      sender.destroy();
      this.#pairs.delete(pair);
    });
    for (const socket of [sender, bridge]) socket.on('error', () => {});
  }

  #pass(of: Trouble['of'], piece: Buffer, pair: Pair): void {
    const to = of === 'request' ? pair.bridge : pair.sender;
    if (of === 'request' && pair.held) {
      pair.held.push(piece);
      return;
    }
    const trouble = this.#trouble;
    if (trouble?.of !== of || piece.length < trouble.left) {
      if (trouble?.of === of) trouble.left -= piece.length;
      to.write(piece);
      return;
    }
    this.#trouble = undefined;
    to.write(piece.subarray(0, trouble.left));
    if (trouble.what === 'hold') {
      pair.held = [piece.subarray(trouble.left)];
    } else {
      to.end();
      (of === 'request' ? pair.sender : pair.bridge).destroy();
    }
  }
}
