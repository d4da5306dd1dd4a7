import type { Configured, Conflict } from '../../../src/service/component.ts';
import type { CrowdSecConfig } from './config.ts';

/**
 * Two exporters with one key are one bouncer to LAPI. Their windows may then share a second, and cscli takes equal items
 * of one second for one.
 */
export function sharedKeys(exporters: readonly Configured<CrowdSecConfig>[]): Conflict[] {
  const owners = new Map<string, string>();
  return exporters.flatMap(({ id, config }) => {
    if (config.dry_run) return [];
    const key = JSON.stringify([
      new URL(config.endpoint).host || config.endpoint,
      config.api_key || config.tls?.cert_file,
    ]);
    const owner = owners.get(key);
    owners.set(key, owner ?? id);
    if (owner === undefined) return [];
    const message = `has the key of "${owner}": LAPI would take both for one bouncer, and cscli some of their counts for one. Make a key for each: cscli bouncers add NAME`;
    return [{ id, message }];
  });
}
