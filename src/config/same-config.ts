import { isDeepStrictEqual } from 'node:util';
import type { BridgeConfig } from './bridge-config.ts';

/** Whether two configurations say the same, wherever it is written. */
export function sameConfig(a: BridgeConfig, b: BridgeConfig): boolean {
  return isDeepStrictEqual(valuesOf(a), valuesOf(b));
}

function valuesOf({ receivers, exporters, extensions, service }: BridgeConfig) {
  const values = (some: readonly { readonly id: string; readonly config: unknown }[]) =>
    some.map(({ id, config }) => [id, config]);
  return [values(receivers), values(exporters), values(extensions), service];
}
