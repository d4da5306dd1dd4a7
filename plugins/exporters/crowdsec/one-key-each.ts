import type { CrowdSecConfig } from './config.ts';

/** Who has which key, by service: what all its components share stands for it. */
const taken = new WeakMap<object, Map<string, string>>();

/**
 * Two exporters with one key are one bouncer to LAPI. Their windows may then share a second, and cscli takes equal items
 * of one second for one.
 * @param service - an object that all components of the service share, and those of no other.
 * @throws Error that names the other exporter.
 */
export function claimKey(service: object, exporter: string, config: CrowdSecConfig): void {
  if (config.dry_run) return;
  const owners = taken.get(service) ?? new Map<string, string>();
  taken.set(service, owners);
  const key = JSON.stringify([new URL(config.endpoint).host, config.api_key || config.tls?.cert_file]);
  const owner = owners.get(key);
  if (owner !== undefined) {
    throw new Error(
      `has the key of "${owner}": LAPI would take both for one bouncer, and cscli some of their counts for one. Make a key for each: cscli bouncers add NAME`,
    );
  }
  owners.set(key, exporter);
}
