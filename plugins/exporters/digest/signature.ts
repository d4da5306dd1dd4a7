import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const [MIN_BYTES, MAX_BYTES] = [24, 64];

/** @returns what is wrong with a secret, which it does not repeat. */
export function secretProblem(secret: string): string | undefined {
  const base64 = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const bytes = Buffer.from(base64, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  if (isBase64 && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return undefined;
  return `expected ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in Base64, as by: echo "${PREFIX}$(openssl rand -base64 32)"`;
}

/** `webhook-signature` of a body. @param timestamp - Unix seconds. @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
