import { randomUUID } from 'node:crypto';
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { counted } from '../../telemetry/counted.ts';
import type { LogIdentity, Position } from '../log.ts';
import { isAlone, isNameInUse, isNotFound, isShortOfServers, refused } from './errors.ts';
import { subjectsOf } from './subjects.ts';

/** What a stream of the log is like. */
interface StreamShape {
  readonly stream: string;
  readonly replicas: number;
  readonly maxBytes: number;
}

/** In the stream's metadata. */
const LOG_ID = 'couic-otel-bridge.log-id';
const CREATED_AT = 'couic-otel-bridge.created-at';

const DESCRIPTION = 'The log of the Couic OTel bridge';

type Checked = Partial<Record<keyof StreamConfig, unknown>>;

function wanted({ stream, replicas, maxBytes }: StreamShape): Checked {
  return {
    subjects: [subjectsOf(stream)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: replicas,
    discard: DiscardPolicy.New,
    max_bytes: maxBytes,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    // Answers may be stale, and the last message of a subject decides.
    allow_direct: false,
    deny_delete: false,
    deny_purge: false,
    sealed: false,
  };
}

/**
 * Makes the stream at the first start, and looks at every later one whether it is as it was made.
 * @param known - the log that this bridge has worked on: another one is refused, and so is none.
 * @throws StorageError `ERR_STORAGE_FOREIGN` that says what differs.
 */
export async function openStream(
  jsm: JetStreamManager,
  shape: StreamShape,
  now: number,
  known: string | undefined,
): Promise<Omit<LogIdentity, 'instanceId'>> {
  const found = await infoOf(jsm, shape.stream);
  if (found === undefined && known !== undefined)
    throw refused(
      shape.stream,
      `is not there, though this bridge has worked on it (log ${known}). Restore it from a backup, or move the bridge's directory away to start anew: totals, active rules and what was not sent yet are then lost.`,
    );
  const config = found ?? (await makeStream(jsm, shape, now));
  const identity = checkStream(config, shape);
  if (known !== undefined && identity.logId !== known)
    throw refused(
      shape.stream,
      `holds another log (${identity.logId}) than the one that this bridge has worked on (${known}). Restore that one, or move the bridge's directory away to work on this one.`,
    );
  return identity;
}

/**
 * Makes the stream for a log that comes from elsewhere: it is none of the bridge's until it has that log's name.
 * @param first - the position that its first message gets.
 * @throws StorageError when there is one.
 */
export async function makeStreamAt(jsm: JetStreamManager, shape: StreamShape, first: Position): Promise<void> {
  if (await infoOf(jsm, shape.stream))
    throw refused(
      shape.stream,
      'is there already, and a log is taken over into a new one: choose another name (extensions::jetstream_storage::stream), or delete it',
    );
  const config = { name: shape.stream, ...(wanted(shape) as object), description: DESCRIPTION };
  await jsm.streams.add({ ...config, first_seq: first }).catch((error) => Promise.reject(notMade(error, shape)));
}

/** From now on it is that log. */
export async function nameStream(jsm: JetStreamManager, stream: string, identity: LogIdentity): Promise<void> {
  const metadata = { [LOG_ID]: identity.logId, [CREATED_AT]: String(identity.createdAt) };
  await jsm.streams.update(stream, { metadata });
}

async function infoOf(jsm: JetStreamManager, stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(stream)).config;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function makeStream(jsm: JetStreamManager, shape: StreamShape, now: number): Promise<StreamConfig> {
  const metadata = { [LOG_ID]: randomUUID(), [CREATED_AT]: String(now) };
  try {
    const made = await jsm.streams.add({
      name: shape.stream,
      ...(wanted(shape) as object),
      description: DESCRIPTION,
      metadata,
    });
    return made.config;
  } catch (error) {
    // Another bridge has made it in the same moment.
    if (isNameInUse(error)) return (await jsm.streams.info(shape.stream)).config;
    throw notMade(error, shape);
  }
}

function notMade(error: unknown, { stream, replicas }: StreamShape): unknown {
  const what = `cannot be made with ${counted(replicas, 'copies')}: ${(error as Error).message}`;
  if (isAlone(error))
    return refused(
      stream,
      `${what}. Give as many servers to the cluster, or set extensions::jetstream_storage::replicas: a server alone has 1, and what is on it is then as safe as that server.`,
    );
  if (isShortOfServers(error))
    return refused(
      stream,
      `${what}. As many servers have to be up when it is made: see which is not, and start again.`,
    );
  return error;
}

function checkStream(config: StreamConfig, shape: StreamShape): Omit<LogIdentity, 'instanceId'> {
  const logId = config.metadata?.[LOG_ID];
  if (logId === undefined)
    throw refused(
      shape.stream,
      'was not made by the bridge. Choose another name (extensions::jetstream_storage::stream).',
    );
  const differences = Object.entries(wanted(shape)).flatMap(([name, value]) => {
    const is = config[name as keyof StreamConfig] ?? (value === false ? false : undefined);
    return JSON.stringify(is) === JSON.stringify(value)
      ? []
      : [`${name} is ${JSON.stringify(is)}, and should be ${JSON.stringify(value)}`];
  });
  if (differences.length > 0)
    throw refused(
      shape.stream,
      `has other settings: ${differences.join('; ')}. Change the stream (nats stream edit), or the configuration.`,
    );
  return { logId, createdAt: Number(config.metadata?.[CREATED_AT]) };
}
