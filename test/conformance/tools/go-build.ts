import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isExecutable, run } from './command.ts';

const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.155.0';
const COMPOSE = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';
const VICTORIA_LOGS = 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v1.52.1';
const NATS_SERVER = 'github.com/nats-io/nats-server/v2@v2.14.8';
const MANIFEST = new URL('./collector-builder.yaml', import.meta.url);
const SCRAPING = new URL('./scraping-collector.yaml', import.meta.url);
const TIMEOUT = 12 * 60_000;

/** One tool that is built with Go from the module proxy. */
export interface GoTool {
  readonly name: string;
  /** Path of its binary in the cache: the name holds a hash of all that it is built from. */
  readonly path: string;
  /** Builds it in an empty directory and gives the binary's path there. */
  build(go: string, directory: string): Promise<string>;
}

/** The OpenTelemetry Collector, by its own builder. */
export async function collectorTool(): Promise<GoTool> {
  const manifest = await readFile(MANIFEST, 'utf8');
  return {
    name: 'otelcol',
    path: cachePath('otelcol', BUILDER + manifest),
    async build(go, directory) {
      await install(go, BUILDER, directory);
      const output = join(directory, 'out');
      const config = join(directory, 'builder.yaml');
      await writeFile(config, manifest.replace(/^dist:$/m, `dist:\n  output_path: ${output}`));
      await must(join(directory, 'builder'), ['--config', config], directory);
      return join(output, 'otelcol');
    },
  };
}

/**
 * A Collector with a Prometheus receiver. The builder's own `go mod tidy` asks for what only tests of tests need, which the module proxy
 * does not have: so the builder writes the sources, and Go finds the modules as it builds.
 */
export async function scrapingCollectorTool(): Promise<GoTool> {
  const manifest = await readFile(SCRAPING, 'utf8');
  return {
    name: 'otelcol-scraper',
    path: cachePath('otelcol-scraper', BUILDER + manifest),
    async build(go, directory) {
      await install(go, BUILDER, directory);
      const output = join(directory, 'out');
      const config = join(directory, 'builder.yaml');
      await writeFile(config, manifest.replace(/^dist:$/m, `dist:\n  output_path: ${output}`));
      await must(
        join(directory, 'builder'),
        ['--config', config, '--skip-get-modules', '--skip-compilation'],
        directory,
      );
      const modules = Array.from(manifest.matchAll(/gomod: (.*)/g), ([, module]) => `\t${module}\n`);
      const mod = `module go.opentelemetry.io/collector/cmd/builder\n\ngo 1.25.0\n\nrequire (\n${modules.join('')})\n`;
      await writeFile(join(output, 'go.mod'), mod);
      await must(go, ['build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', 'otelcol', '.'], output);
      return join(output, 'otelcol');
    },
  };
}

/** The reference reader of compose files: what `docker compose config` does, without Docker. */
export function composeTool(): GoTool {
  return {
    name: 'compose',
    path: cachePath('compose', COMPOSE),
    async build(go, directory) {
      await install(go, COMPOSE, directory);
      return join(directory, 'cmd');
    },
  };
}

/** VictoriaLogs, a store of logs that speaks the protocols of Elasticsearch, Splunk and OpenTelemetry. */
export function victoriaLogsTool(): GoTool {
  return {
    name: 'victorialogs',
    path: cachePath('victorialogs', VICTORIA_LOGS),
    async build(go, directory) {
      await install(go, VICTORIA_LOGS, directory);
      return join(directory, 'victoria-logs');
    },
  };
}

/** NATS with JetStream, for the replicated log. */
export function natsServerTool(): GoTool {
  return {
    name: 'nats-server',
    path: cachePath('nats-server', NATS_SERVER),
    async build(go, directory) {
      await install(go, NATS_SERVER, directory);
      return join(directory, 'nats-server');
    },
  };
}

/** The tool's path, built first if the cache does not hold it. Two runs at once each build; the last one to end wins. */
export async function ensureBuilt(tool: GoTool, go: string, log: (line: string) => void): Promise<string> {
  if (isExecutable(tool.path)) return tool.path;
  log(`building ${tool.name} with ${go}, once; the Collector and VictoriaLogs take minutes`);
  const cache = cacheDirectory();
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, `build-${tool.name}-`));
  try {
    await rename(await tool.build(go, directory), tool.path);
    return tool.path;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Outside git and outside the checkout, so that a fresh clone finds what an older one built. */
function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return process.env.CONFORMANCE_CACHE ?? join(base, 'couic-otel-bridge');
}

/** Where what is made of `builtFrom` is kept between runs, and between clones. */
export function cachePath(name: string, builtFrom: string): string {
  return join(cacheDirectory(), `${name}-${createHash('sha256').update(builtFrom).digest('hex').slice(0, 12)}`);
}

function install(go: string, module: string, directory: string): Promise<void> {
  return must(go, ['install', module], directory, { ...process.env, GOBIN: directory });
}

async function must(file: string, args: readonly string[], cwd: string, env = process.env): Promise<void> {
  const { code, stdout, stderr } = await run(file, args, { cwd, env, timeout: TIMEOUT });
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${tail(stderr || stdout)}`);
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}
