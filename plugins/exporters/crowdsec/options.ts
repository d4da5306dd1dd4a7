import { LONGEST_TIMER } from '../../../src/clock.ts';

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
  if (username || password)
    return 'no user and no password here: LAPI knows bouncers by their API key or client certificate';
  if (search || hash) return 'no query and no fragment here';
  if (/\/v1(\/|$)/.test(pathname)) return 'leave /v1 out: the exporter adds the path of each call';
  return undefined;
}

/** Of an option that is a number: what it must be at least, and at most where that is less than a number can be. */
const COUNTS: Readonly<Record<string, { readonly least: number; readonly most?: number; readonly what: string }>> = {
  timeout: { least: 1, most: LONGEST_TIMER, what: `milliseconds, from 1 to ${LONGEST_TIMER}` },
  maxAge: { least: 0, what: 'milliseconds, 0 for no bound' },
  maxBytes: { least: 1, what: 'bytes, 1 at least' },
  maxOrigins: { least: 1, what: 'a whole number, 1 at least' },
  heartbeat: { least: 0, what: 'milliseconds, 0 for none' },
};
const RETRY = ['initial_interval', 'randomization_factor', 'multiplier', 'max_interval'];
const FUNCTIONS = ['acts', 'follows', 'sourceOf', 'onDate', 'sleep', 'random'];
const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  outbox: ['attach'],
  log: ['debug', 'info', 'warn', 'error'],
  observer: ['sealed', 'sent', 'sendFailed', 'quarantined', 'dropped'],
  clock: ['now', 'monotonic'],
};
const OTHERS = [
  'mapping',
  'endpoint',
  'apiKey',
  'tls',
  'localAddress',
  'addressFamily',
  'dryRun',
  'component',
  'retry',
];
const KNOWN = [...OTHERS, ...Object.keys(COUNTS), ...FUNCTIONS, ...Object.keys(OBJECTS)].concat(
  ...['otherOrigin', 'reservedOrigins', 'temporality'],
);

/** What the bridge and tests give; in the README's table there is none of it. */
const INTERNAL = ['acts', 'clock', 'onDate', 'random', 'sleep'];
const SHOWN = KNOWN.filter((option) => !INTERNAL.includes(option)).sort();

/** Whoever writes JavaScript has no compiler that looks. @throws TypeError that names the option. */
export function checkOptions(options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  const refuse = (option: string, problem: string | undefined | false) => {
    if (problem) throw new TypeError(`${option}: ${problem}`);
  };
  for (const option of Object.keys(given)) {
    refuse(option, !KNOWN.includes(option) && `is no option; there are ${SHOWN.join(', ')}`);
  }
  refuse(
    'mapping',
    typeof given.mapping !== 'function' && 'a function is expected, which says what a series counts as',
  );
  for (const option of FUNCTIONS) {
    refuse(option, given[option] !== undefined && typeof given[option] !== 'function' && 'a function is expected');
  }
  for (const [option, methods] of Object.entries(OBJECTS)) {
    const value = given[option] as Record<string, unknown> | null | undefined;
    if (value === undefined) continue;
    const missing = methods.find((method) => typeof value?.[method] !== 'function');
    refuse(option, missing !== undefined && `an object with the method ${missing} is expected`);
  }
  for (const [option, { least, most, what }] of Object.entries(COUNTS)) {
    refuse(option, !isCount(given[option], least, most) && `${what}, is expected`);
  }
  const retry = given.retry as Record<string, unknown> | null;
  for (const option of RETRY) refuse(`retry.${option}`, !isCount(retry?.[option], 0) && 'a number is expected');
  const { temporality = 'cumulative' } = given;
  refuse(
    'temporality',
    temporality !== 'cumulative' && temporality !== 'delta' && "'cumulative' or 'delta' is expected",
  );
  refuse('otherOrigin', !isText(given.otherOrigin) && 'text is expected');
  checkReceiver(given, refuse);
}

function checkReceiver(
  { dryRun, endpoint, apiKey = '', tls, component }: Readonly<Record<string, unknown>>,
  refuse: (option: string, problem: string | undefined | false) => void,
): void {
  refuse('endpoint', typeof endpoint === 'string' ? endpointProblem(endpoint) : 'text is expected');
  refuse('apiKey', !(typeof apiKey === 'string' && KEY.test(apiKey)) && KEY_RULE);
  if (!dryRun && apiKey === '' && tls === undefined) {
    refuse('apiKey', 'is needed: "cscli bouncers add NAME" on the LAPI host prints one. Or set dryRun');
  }
  refuse(
    'component',
    (typeof component !== 'object' || component === null) &&
      'an object is expected: name, type, version, feature_flags',
  );
  const { name, type, version, feature_flags: flags } = component as Record<string, unknown>;
  refuse('component.type', !(isText(type) && PRODUCT.test(type)) && PRODUCT_RULE);
  refuse('component.version', !(isText(version) && PRODUCT.test(version)) && PRODUCT_RULE);
  refuse('component.name', !isText(name) && 'must not be empty');
  refuse('component.feature_flags', !(Array.isArray(flags) && flags.every(isText)) && 'a list of texts is expected');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
