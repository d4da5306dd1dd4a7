import { type Cut, FaultProxy } from './fault-proxy.ts';

interface Link {
  /** The node that dials, and the one that is dialled, by their numbers. */
  readonly from: number;
  readonly to: number;
  readonly proxy: FaultProxy;
}

/** The ways between the nodes of a cluster: one for each that dials another, since either may have made a route that there is. */
export class NodeLinks {
  readonly #links: readonly Link[];

  private constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /** @param ports - where each node takes routes. */
  static async open(ports: readonly number[]): Promise<NodeLinks> {
    const pairs = ports.flatMap((_, from) => ports.map((port, to) => ({ from, to, port }))).filter(isBetweenTwo);
    return new NodeLinks(
      await Promise.all(pairs.map(async ({ from, to, port }) => ({ from, to, proxy: await FaultProxy.open(port) }))),
    );
  }

  /** Where a node reaches the others. */
  portsFrom(node: number): number[] {
    return this.#links.filter(({ from }) => from === node).map(({ proxy }) => proxy.port);
  }

  /** @param isCut - whether nothing passes from one node to another; until the next call. */
  cut(isCut: (from: number, to: number) => boolean): void {
    for (const { from, to, proxy } of this.#links) proxy.cut(cutOf(isCut(from, to), isCut(to, from)));
  }

  close(): void {
    for (const { proxy } of this.#links) proxy.close();
  }
}

function isBetweenTwo({ from, to }: { readonly from: number; readonly to: number }): boolean {
  return from !== to;
}

function cutOf(toServer: boolean, toClient: boolean): Cut {
  if (toServer) return toClient ? 'both' : 'to the server';
  return toClient ? 'to the client' : 'none';
}
