/* What holds for the options of the library and of the configuration alike. No schema library here: the library entry loads it. */

/** A part of `User-Agent: type/version`, which has exactly one slash. */
export const PRODUCT = /^[\w.+~-]+$/;
export const PRODUCT_RULE = 'letters, digits and . _ + ~ - only: it is a part of the User-Agent header';

export const KEY = /^[\x21-\x7e]*$/;
export const KEY_RULE = 'has characters that no key has, perhaps a line break';

/** The path of a socket in `unix:///path`; undefined of other addresses. */
export function socketPathOf(endpoint: string): string | undefined {
  return endpoint.startsWith('unix:') ? decodeURIComponent(new URL(endpoint).pathname) : undefined;
}

/** @returns what is wrong with the address of a LAPI. */
export function endpointProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'expected the address of LAPI with its scheme, as in http://127.0.0.1:8080';
  const { protocol, username, password, search, hash, pathname, host } = new URL(text);
  if (protocol === 'unix:')
    return host === '' && pathname.length > 1
      ? undefined
      : 'expected the path of a socket after three slashes, as in unix:///run/crowdsec/crowdsec.sock';
  if (protocol !== 'http:' && protocol !== 'https:') return 'expected http://, https:// or unix:///path/of/a/socket';
  if (username || password) return 'no user and no password here: LAPI knows bouncers by api_key or client certificate';
  if (search || hash) return 'no query and no fragment here';
  if (/\/v1(\/|$)/.test(pathname)) return 'leave /v1 out: the exporter adds the path of each call';
  return undefined;
}

interface Checked {
  readonly dryRun?: boolean;
  readonly endpoint: string;
  readonly apiKey?: string;
  readonly tls?: unknown;
  readonly component: { readonly name: string; readonly type: string; readonly version: string };
}

/** @throws TypeError that names the option. */
export function checkOptions({ dryRun, endpoint, apiKey = '', tls, component }: Checked): void {
  const refuse = (option: string, problem: string | undefined) => {
    if (problem !== undefined) throw new TypeError(`${option}: ${problem}`);
  };
  refuse('endpoint', endpointProblem(endpoint));
  if (!KEY.test(apiKey)) refuse('apiKey', KEY_RULE);
  if (!dryRun && apiKey === '' && tls === undefined) {
    refuse('apiKey', 'is needed: "cscli bouncers add NAME" on the LAPI host prints one. Or set dryRun');
  }
  for (const key of ['type', 'version'] as const) {
    if (!PRODUCT.test(component[key])) refuse(`component.${key}`, PRODUCT_RULE);
  }
  if (component.name === '') refuse('component.name', 'must not be empty');
}
