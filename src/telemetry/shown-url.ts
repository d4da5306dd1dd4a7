import { printable } from './printable.ts';

const HIDDEN = '[redacted]';

/** Parts of paths that many APIs have. Any other part may be a token: of a webhook, of a tenant. */
const COMMON = new Set(
  (
    'api collector cortex couic crowdsec data import ingest insert lapi logs metrics mimir opentelemetry otel otlp prom ' +
    'prometheus push receive remote thanos v0 v1 v2 v3 victoriametrics write'
  ).split(' '),
);

/** A URL as it may be printed: without user, query and fragment, and of its path only what is no secret. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return HIDDEN;
  const { protocol, host, pathname, username, password, search, hash } = new URL(text);
  const user = username || password ? `${HIDDEN}@` : '';
  const path = /^https?:$/.test(protocol)
    ? pathname.split('/').map((part) => (part === '' || COMMON.has(part) ? part : HIDDEN))
    : [pathname];
  const rest = search || hash ? `?${HIDDEN}` : '';
  // A path of nothing but "/" is as good as none.
  return printable(`${protocol}//${user}${host}${path.join('/').replace(/^\/$/, '')}${rest}`);
}

/** Every URL in a text, as it may be printed. */
export function withShownUrls(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>]+/gi, shownUrl);
}

/** What `shownUrl` hides. */
export function hiddenInUrl(text: string): string[] {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return [];
  const { pathname, username, password, search, hash } = new URL(text);
  const parts = pathname.split('/').filter((part) => !COMMON.has(part));
  return [...parts, username, password, search.slice(1), hash.slice(1)].filter((part) => part !== '');
}
