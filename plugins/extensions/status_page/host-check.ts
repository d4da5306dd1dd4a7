import { isIP } from 'node:net';

/**
 * Whether a request may be for this listener, by its `Host`. A page of somebody else can have its own name lead to this
 * address (DNS rebinding), and its script would then read ours: so only names that nobody else has are answered. An address is
 * no name, and a browser that asks by one has a page of that address.
 * @param names - that are ours beside `localhost`, in lower case.
 */
export function isOurs(host: string | undefined, names: ReadonlySet<string>): boolean {
  const name = nameIn(host);
  return name !== undefined && (name === 'localhost' || isIP(name) !== 0 || names.has(name));
}

/** Of a `Host`: without its port, and without the brackets of IPv6. */
function nameIn(host = ''): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

/** Whether a form was sent by a page of ours: browsers say whose page it was. Other clients send no such header. */
export function isFromUs(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false;
  }
}
