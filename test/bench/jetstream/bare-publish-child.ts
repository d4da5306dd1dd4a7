import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy, type JetStreamPublishOptions, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isWrongLastSequence } from '../../../src/log/jetstream/errors.ts';

/** What the parent asks for: so many messages of so many bytes, each sender's on a subject of its own, one after the other. */
export interface PublishCommand {
  readonly senders: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Own process of the reference of `jetstream`: publishes as the bridge does, and does nothing else. */
const [servers, replicas] = [process.argv[2]!.split(','), Number(process.argv[3])];
const STREAM = 'bare';
const connection = await connect({ servers, ignoreClusterUpdates: true, noAsyncTraces: true });
const js = jetstream(connection);
const jsm = await jetstreamManager(connection);
await jsm.streams.add({
  name: STREAM,
  subjects: [`${STREAM}.>`],
  num_replicas: replicas,
  discard: DiscardPolicy.New,
  max_bytes: 2 ** 30,
});
const last = new Map<string, number>();
let number = 0;

async function publish({ senders, messages, bytes }: PublishCommand): Promise<void> {
  const record = Buffer.alloc(bytes, 1);
  let left = messages;
  const sender = async (_: unknown, index: number) => {
    const subject = `${STREAM}.sender-${index}`;
    while (left-- > 0) {
      const options = {
        msgID: `bare-${++number}`,
        expect: { streamName: STREAM, lastSubjectSequence: last.get(subject) ?? 0 },
      };
      last.set(subject, await publishOne(subject, record, options));
    }
  };
  await Promise.all(Array.from({ length: senders }).map(sender));
  const { state } = await jsm.streams.info(STREAM);
  process.send?.({ inStream: state.messages });
}

/** The server says that another message was last, though none was, of some in a thousand. */
async function publishOne(
  subject: string,
  record: Uint8Array,
  options: Partial<JetStreamPublishOptions>,
): Promise<number> {
  for (;;) {
    try {
      return (await js.publish(subject, record, options)).seq;
    } catch (error) {
      if (!isWrongLastSequence(error)) throw error;
      await sleep(5);
    }
  }
}

process.on('message', (command: PublishCommand | string) => {
  if (typeof command === 'object') void publish(command);
});
process.send?.({ inStream: 0 });
