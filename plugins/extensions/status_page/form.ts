import type { IncomingMessage } from 'node:http';

/** Bytes: a form of ours has one short field. */
const MOST_BODY = 4096;

/** Fields of a form that was sent as browsers send it; undefined when it is too long. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > MOST_BODY) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
