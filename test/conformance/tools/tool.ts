/** The real programs the conformance tests run against. */
export const TOOL_NAMES = [
  'prometheus',
  'promtool',
  'otelcol',
  'otelcol-scraper',
  'compose',
  'chromium',
  'lintian',
  'debootstrap',
  'systemd-nspawn',
  'nginx',
  'haproxy',
  'caddy',
  'rsyslogd',
  'opensearch',
  'victorialogs',
  'amtool',
  'alertmanager',
  'couic-report',
  'nft',
  'jq',
  'prometheus-node-exporter',
] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

export interface FoundTool {
  readonly found: true;
  readonly path: string;
  /** As the program says it, one line. */
  readonly version: string;
}

export interface MissingTool {
  readonly found: false;
  /** Why it is not there: one line. */
  readonly reason: string;
  /** What a person does to get it. */
  readonly remedy: string;
}

export type Tool = FoundTool | MissingTool;
export type Tools = Readonly<Record<ToolName, Tool>>;

declare module 'vitest' {
  interface ProvidedContext {
    tools: Tools;
  }
}
