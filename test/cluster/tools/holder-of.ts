import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** Process that has the lease of a log, by its own word; undefined when none has. */
export async function processWithLease(jsm: JetStreamManager, stream: string): Promise<number | undefined> {
  const found = await jsm.streams.getMessage(stream, { last_by_subj: `${stream}.lease` });
  const { name, released } = found?.json<{ name: string; released?: true }>() ?? { name: '', released: true };
  return released ? undefined : Number(/process (\d+)/.exec(name)?.[1]);
}

/** The same of a log on one server. */
export async function holderOf({ server }: { readonly server: string }, stream: string): Promise<number | undefined> {
  const connection = await connect({ servers: server });
  try {
    return await processWithLease(await jetstreamManager(connection), stream);
  } finally {
    await connection.close();
  }
}
