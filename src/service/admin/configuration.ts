/** Who can be asked for the configuration that runs, and by which operation. */
export const CONFIGURATION_COMPONENT = 'configuration';
export const SHOW_OPERATION = 'configuration.show';

export interface RunningConfiguration {
  /** Where it was read: `/etc/couic-otel-bridge/otel-config.yaml`. */
  readonly from: string;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
  /** Merged, with all defaults, secrets redacted. */
  readonly yaml: string;
}
