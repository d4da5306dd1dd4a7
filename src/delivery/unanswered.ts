import { printable } from '../telemetry/printable.ts';
import type { Outcome } from './outcome.ts';

/** Why there was no answer: values of the attribute `reason`. The last two are of Unix sockets. */
export type Trouble = 'timeout' | 'connection' | 'tls' | 'protocol' | 'no_socket' | 'permission';

/** There was no answer. Whether a request arrived, nobody knows; the same bytes may be sent again. */
export type Unanswered = Extract<Outcome, { kind: 'retryable' }> & { readonly reason: Trouble };

interface Asked {
  /** As messages name who was asked. */
  readonly shown: string;
  /** Milliseconds that an answer may take to begin. */
  readonly timeout: number;
  /** Of a Unix socket. */
  readonly socketPath?: string | undefined;
  /** What to look at when nobody listens. */
  readonly hint?: string | undefined;
}

const TLS =
  /CERT|TLS|SSL|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME|HOSTNAME|INVALID_(CA|PURPOSE)|PATH_LENGTH|CRL|EPROTO|UNTRUSTED/;
const PROTOCOL = /^HPE_|HTTPParserError|^ERR_ASSERTION|^UND_ERR_(HEADERS_OVERFLOW|RES_|RESPONSE)|INFORMATIONAL/;

/** Classifies what kept an answer from coming, the same for everything that sends, with what to do about it. */
export function unanswered(error: NodeJS.ErrnoException, asked: Asked): Unanswered {
  const { shown, timeout, socketPath, hint = 'does it run, and does it listen there?' } = asked;
  const code = error.code ?? error.name;
  // Names in a certificate are the other side's words.
  const said = printable(error.message || code, 300);
  const failed = (reason: Trouble, message: string): Unanswered => ({ kind: 'retryable', reason, message });
  if (/TIMEOUT|TimeoutError|ETIMEDOUT/.test(code)) {
    return failed('timeout', `${shown} did not answer within ${timeout} ms`);
  }
  if (socketPath !== undefined && code === 'ENOENT') {
    return failed('no_socket', `there is no socket at ${printable(socketPath)}: ${hint}`);
  }
  if (socketPath !== undefined && (code === 'EACCES' || code === 'EPERM')) {
    return failed('permission', `not allowed to open ${shown}: add the user of the bridge to the group of the socket`);
  }
  if (code === 'ECONNREFUSED') return failed('connection', `${shown} is not reached: ${said}: ${hint}`);
  if (/WRONG_VERSION_NUMBER/.test(code)) {
    return failed('tls', `${shown} is not reached: ${said}: what listens there may speak http:// without TLS`);
  }
  if (/ALERT/.test(code)) {
    const advice =
      'the other side does not take our certificate: check tls.cert_file, and the authorities that it trusts';
    return failed('tls', `${shown} is not reached: ${said}: ${advice}`);
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
