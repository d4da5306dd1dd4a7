import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { NatsCluster } from '../../cluster/tools/nats-cluster.ts';
import { NatsNode } from '../../cluster/tools/nats-node.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { cpuOfProcess } from '../process-cpu.ts';

const STREAM = 'couic-otel';

/** Real servers, one or a cluster of three, and bridges that keep their log there. */
export class Servers {
  readonly replicas: 1 | 3;
  readonly #nodes: readonly NatsNode[];
  readonly #all: Pick<NatsCluster, 'remove'>;
  #marked = 0;

  /** @param all - them, and the ways between them. */
  private constructor(replicas: 1 | 3, nodes: readonly NatsNode[], all: Pick<NatsCluster, 'remove'>) {
    this.replicas = replicas;
    this.#nodes = nodes;
    this.#all = all;
  }

  static async start(binary: string, replicas: 1 | 3): Promise<Servers> {
    if (replicas === 3) {
      const cluster = await NatsCluster.start(binary);
      return new Servers(replicas, cluster.nodes, cluster);
    }
    const node = await NatsNode.make({ binary });
    await node.start();
    return new Servers(replicas, [node], node);
  }

  get addresses(): readonly string[] {
    return this.#nodes.map(({ server }) => server);
  }

  /** @param directory - the bridge's own. */
  bridge(directory: string, instances: readonly string[]): Promise<BridgeProcess> {
    const settings = {
      servers: this.addresses,
      replicas: this.replicas,
      max_bytes: 2 ** 30,
      directory: join(directory, 'state'),
    };
    return BridgeProcess.start(directory, instances, { storage: { jetstream_storage: settings } });
  }

  /** Bytes of the longest of the last records of some Couics: a body that came in pieces is more than one. */
  async recordLength(instances: readonly string[]): Promise<number> {
    const connection = await connect({ servers: [...this.addresses], ignoreClusterUpdates: true });
    try {
      const jsm = await jetstreamManager(connection);
      const last = (name: string) => jsm.streams.getMessage(STREAM, { last_by_subj: `${STREAM}.couic.${name}` });
      const found = await Promise.all(instances.map(last));
      return Math.max(...found.map((message) => message?.data.length ?? 0));
    } finally {
      await connection.close();
    }
  }

  mark(): void {
    this.#marked = this.#cpu();
  }

  /** CPU time of all servers since `mark`, µs. */
  read(): number {
    return this.#cpu() - this.#marked;
  }

  remove(): Promise<void> {
    return this.#all.remove();
  }

  #cpu(): number {
    return this.#nodes.reduce((sum, { pid }) => sum + cpuOfProcess(pid), 0);
  }
}
