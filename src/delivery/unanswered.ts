import { printable } from '../telemetry/printable.ts';
import type { Outcome } from './outcome.ts';

/** Why there was no answer: values of the attribute `reason`. The last two are of Unix sockets. */
export type Trouble = 'timeout' | 'connection' | 'tls' | 'protocol' | 'no_socket' | 'permission';

/** There was no answer. Whether a request arrived, nobody knows; the same bytes may be sent again. */
export type Unanswered = Extract<Outcome, { kind: 'retryable' }> & { readonly reason: Trouble };

/** What to look at on the other side. */
export interface Advice {
  /** When nobody listens. @default a question */
  readonly unreached?: string;
  /** When its Unix socket may not be opened. */
  readonly access?: string;
  /** Where it has the authorities of client certificates. */
  readonly authorities?: string;
  /** When it speaks no TLS, and that was expected. @default that it may be http:// */
  readonly plain?: string;
}

interface Asked {
  /** As messages name who was asked. */
  readonly shown: string;
  /** Milliseconds that an answer may take to begin. */
  readonly timeout: number;
  /** Of a Unix socket. */
  readonly socketPath?: string | undefined;
  readonly advice?: Advice | undefined;
}

const TLS =
  /CERT|TLS|SSL|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME|HOSTNAME|INVALID_(CA|PURPOSE)|PATH_LENGTH|CRL|EPROTO|UNTRUSTED/;
const PROTOCOL = /^HPE_|HTTPParserError|^ERR_ASSERTION|^UND_ERR_(HEADERS_OVERFLOW|RES_|RESPONSE)|INFORMATIONAL/;

/**
 * Classifies what kept an answer from coming, the same for everything that sends, with what to do about it.
 * @param broken - what broke the connection, which the error of the request may not tell.
 */
export function unanswered(failure: NodeJS.ErrnoException, asked: Asked, broken?: NodeJS.ErrnoException): Unanswered {
  const { shown, timeout, socketPath, advice: { unreached, access, authorities, plain } = {} } = asked;
  const error = failure.code === 'UND_ERR_SOCKET' && broken?.code ? broken : failure;
  const code = error.code ?? error.name;
  const said = wordsOf(error, code);
  const hint = unreached ?? 'does it run, and does it listen there?';
  const failed = (reason: Trouble, message: string): Unanswered => ({ kind: 'retryable', reason, message });
  if (/TIMEOUT|TimeoutError|ETIMEDOUT/.test(code)) {
    return failed('timeout', `${shown} did not answer within ${timeout} ms`);
  }
  if (socketPath !== undefined && code === 'ENOENT') {
    return failed('no_socket', `there is no socket at ${printable(socketPath)}: ${hint}`);
  }
  if (socketPath !== undefined && (code === 'EACCES' || code === 'EPERM')) {
    const way = access ?? 'add the user of the bridge to the group of the socket';
    return failed('permission', `not allowed to open ${shown}: ${way}`);
  }
  if (code === 'ECONNREFUSED') return failed('connection', `${shown} is not reached: ${said}: ${hint}`);
  if (/WRONG_VERSION_NUMBER/.test(code)) {
    return failed(
      'tls',
      `${shown} is not reached: ${said}: ${plain ?? 'what listens there may speak http:// without TLS'}`,
    );
  }
  const alert = /_ALERT_(\w+)$/.exec(code)?.[1];
  if (alert !== undefined) {
    const word = alert.toLowerCase().replaceAll('_', ' ');
    return failed('tls', `${shown} refuses the connection (TLS: ${word}): ${aboutAlert(word, authorities)}`);
  }
  if (TLS.test(code)) {
    const advice = 'check tls.ca_file, and that the certificate names the host of endpoint';
    return failed('tls', `${shown} is not reached: ${said}: ${advice}`);
  }
  if (PROTOCOL.test(code)) {
    return failed('protocol', `${shown} does not answer in HTTP/1.1: ${said}: is that the right port?`);
  }
  return failed('connection', `${shown} is not reached: ${said}`);
}

/** Names in a certificate are the other side's words; OpenSSL's own come with where in its source they were said. */
function wordsOf(error: NodeJS.ErrnoException, code: string): string {
  const { reason } = error as { reason?: unknown };
  return printable((/^ERR_SSL_/.test(code) && typeof reason === 'string' && reason) || error.message || code, 300);
}

/** What the other side may mean by an alert, as Go's and OpenSSL's servers use them. @param word - as RFC 8446 names it. */
function aboutAlert(word: string, authorities = 'the authorities that it trusts'): string {
  switch (word) {
    case 'unknown ca':
      return `it does not know who issued our certificate, tls.cert_file: the authority has to be in ${authorities}`;
    case 'certificate required':
      return 'it takes nobody without a client certificate: set tls.cert_file and tls.key_file';
    case 'certificate expired':
    case 'certificate revoked':
      return 'get a new certificate for tls.cert_file';
    case 'bad certificate':
    case 'unsupported certificate':
    case 'certificate unknown':
      return `it does not take our certificate, tls.cert_file, or wants one: it has to be for a client (extendedKeyUsage clientAuth), and its authority in ${authorities}; its log says which`;
    case 'protocol version':
      return 'it speaks no version of TLS that tls.min_version allows';
    default:
      return 'its log says why; it may want a client certificate, tls.cert_file';
  }
}
