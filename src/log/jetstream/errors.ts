import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors, RequestError } from '@nats-io/transport-node';
import { StorageError } from '../storage-error.ts';

/** Of nats-server 2.14's errors.json, what the client has no name for. */
const MAXIMUM_BYTES_EXCEEDED = 10077;
const STREAM_NAME_IN_USE = 10058;
const NO_SUITABLE_PEERS = 10005;
const REPLICAS_NOT_SUPPORTED = 10074;

const codeOf = (error: unknown): number | undefined => (error instanceof JetStreamApiError ? error.code : undefined);

export function isWrongLastSequence(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === JetStreamApiCodes.StreamWrongLastSequence || code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}

export function isFull(error: unknown): boolean {
  return codeOf(error) === MAXIMUM_BYTES_EXCEEDED;
}

export function isNotFound(error: unknown): boolean {
  return codeOf(error) === JetStreamApiCodes.StreamNotFound;
}

export function isNameInUse(error: unknown): boolean {
  return codeOf(error) === STREAM_NAME_IN_USE;
}

/** It is one server, and no cluster. */
export function isAlone(error: unknown): boolean {
  return codeOf(error) === REPLICAS_NOT_SUPPORTED;
}

/** Too few servers of the cluster are up for so many copies, or have room for them: also while it begins. */
export function isShortOfServers(error: unknown): boolean {
  return codeOf(error) === NO_SUITABLE_PEERS;
}

/** Nobody was there to take it: the stream has no leader at the moment. It was not written. */
export function isNobodyThere(error: unknown): boolean {
  if (error instanceof RequestError) return error.isNoResponders();
  return (error as Error | undefined)?.name === 'JetStreamNotEnabled';
}

/** It may have been written, or may still be. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof errors.TimeoutError;
}

/** The server does not take what the client shows of itself. */
export function isRefusal(error: unknown): boolean {
  return error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
}

const UNREACHED = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);
/** The client's words where it has no class for it: all servers refused, or what answers is none. */
const NOBODY = new Set(['connection refused', 'unexpected response from server']);

/** Nobody who speaks NATS answers there. */
export function isUnreached(error: unknown): boolean {
  const { code, cause, message } = error as NodeJS.ErrnoException;
  const { code: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  return isUnanswered(error) || UNREACHED.has(code ?? inner ?? '') || NOBODY.has(message);
}

export function cannotCommit(what: string, cause?: unknown): StorageError {
  return new StorageError('ERR_STORAGE_COMMIT', `${what}. The bridge goes on by itself.`, { cause });
}

/** What a start, or a move into a stream, failed with: in words where nobody answered. */
export function orNoAnswer(cause: unknown): unknown {
  if (!isUnanswered(cause) && !isNobodyThere(cause)) return cause;
  return new StorageError(
    'ERR_STORAGE_COMMIT',
    "the NATS server is there, and its JetStream does not answer: is it enabled, and are more than half of the cluster's servers up?",
    { cause },
  );
}

/** @param what - worded to follow "stream NAME ". */
export function refused(stream: string, what: string): StorageError {
  return new StorageError('ERR_STORAGE_FOREIGN', `stream ${stream} ${what}`);
}
