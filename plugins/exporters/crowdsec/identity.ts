import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isLoopback } from '../../../src/config/endpoint.ts';
import type { CrowdSecConfig } from './config.ts';
import type { Identity } from './key-claim.ts';
import { socketPathOf } from './options.ts';

/** @returns what LAPI knows this bouncer by. Rejects when a certificate cannot be read. */
export async function identityOf(
  config: Pick<CrowdSecConfig, 'endpoint' | 'api_key'> & Partial<Pick<CrowdSecConfig, 'tls' | 'local_address'>>,
): Promise<Identity> {
  const { endpoint, api_key, tls, local_address = '' } = config;
  const key = api_key === '' && tls?.cert_file !== undefined ? await nameIn(tls.cert_file) : api_key;
  return [`${local_address} ${lapiOf(endpoint)}`, key];
}

/** However this host is called by itself. */
function lapiOf(endpoint: string): string {
  const path = socketPathOf(endpoint);
  if (path !== undefined) return path;
  const { protocol, hostname, port } = new URL(endpoint);
  return `${isLoopback(hostname) ? 'loopback' : hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

async function nameIn(file: string): Promise<string> {
  const { subject } = new X509Certificate(await readFile(file));
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
}
