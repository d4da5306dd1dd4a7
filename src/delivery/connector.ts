import { buildConnector } from 'undici';
import type { ClientTlsOptions } from '../config/tls.ts';

/**
 * How undici connects.
 * @param tls - a function is called for each connection, so that renewed certificates are taken up; none without TLS.
 */
export function connector(
  options: buildConnector.BuildOptions,
  tls: ClientTlsOptions | (() => Promise<ClientTlsOptions>) | undefined,
): buildConnector.connector {
  if (typeof tls !== 'function') return buildConnector({ ...options, ...tls });
  return (target, callback) => {
    tls().then(
      (secure) => buildConnector({ ...options, ...secure })(target, callback),
      (error: Error) => callback(error, null),
    );
  };
}
