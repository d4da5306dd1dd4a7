import { existsSync } from 'node:fs';
import { isExecutable, run, which } from './command.ts';
import { aptInstall, mayInstall } from './debian.ts';
import {
  collectorTool,
  composeTool,
  ensureBuilt,
  type GoTool,
  scrapingCollectorTool,
  victoriaLogsTool,
} from './go-build.ts';
import { ensureOpenSearch, OPENSEARCH } from './opensearch-build.ts';
import { TOOL_NAMES, type Tool, type ToolName, type Tools } from './tool.ts';

interface DebianTool {
  readonly package: string;
  readonly commands: readonly string[];
  /** How it is asked for its version. @default `--version` */
  readonly version?: string;
}

const DEBIAN: Readonly<Partial<Record<ToolName, DebianTool>>> = {
  prometheus: { package: 'prometheus', commands: ['prometheus'] },
  promtool: { package: 'prometheus', commands: ['promtool'] },
  lintian: { package: 'lintian', commands: ['lintian'] },
  debootstrap: { package: 'debootstrap', commands: ['debootstrap'] },
  'systemd-nspawn': { package: 'systemd-container', commands: ['systemd-nspawn'] },
  chromium: { package: 'chromium', commands: ['chromium', 'chromium-browser', 'google-chrome'] },
  nginx: { package: 'nginx', commands: ['nginx', '/usr/sbin/nginx'], version: '-v' },
  haproxy: { package: 'haproxy', commands: ['haproxy', '/usr/sbin/haproxy'], version: '-v' },
  caddy: { package: 'caddy', commands: ['caddy'], version: 'version' },
  amtool: { package: 'prometheus-alertmanager', commands: ['amtool'] },
  alertmanager: { package: 'prometheus-alertmanager', commands: ['prometheus-alertmanager', 'alertmanager'] },
  nft: { package: 'nftables', commands: ['nft', '/usr/sbin/nft'] },
  jq: { package: 'jq', commands: ['jq'] },
  'prometheus-node-exporter': { package: 'prometheus-node-exporter', commands: ['prometheus-node-exporter'] },
  rsyslogd: { package: 'rsyslog-gnutls', commands: ['rsyslogd', '/usr/sbin/rsyslogd'], version: '-v' },
};

/** What OpenSearch is fetched and run with. */
const JAVA_PACKAGES: Readonly<Record<string, string>> = { java: 'default-jdk-headless', mvn: 'maven' };

/**
 * Finds each tool: first what its environment variable names (`CONFORMANCE_PROMETHEUS`, `CONFORMANCE_OTELCOL`, …), then PATH
 * or the cache. What is built with Go is built if Go is there. Debian packages are installed only with CONFORMANCE_INSTALL=1, as root.
 * Never throws: a tool that cannot be had is a MissingTool that says why.
 */
export async function findTools(log: (line: string) => void): Promise<Tools> {
  await installMissingPackages(log);
  const found = {} as Record<ToolName, Tool>;
  for (const name of TOOL_NAMES) found[name] = await find(name, log);
  return found;
}

async function installMissingPackages(log: (line: string) => void): Promise<void> {
  if (!mayInstall()) return;
  const missing = Object.entries(DEBIAN).filter(
    ([name, tool]) => !process.env[variableOf(name)] && !which(...tool.commands),
  );
  const java = Object.keys(JAVA_PACKAGES).filter((command) => !which(command));
  const packages = [
    ...new Set([
      ...missing.map(([, tool]) => tool.package),
      ...java.map((command) => JAVA_PACKAGES[command] as string),
    ]),
  ];
  if (packages.length === 0) return;
  log(`installing ${packages.join(' ')} with apt-get`);
  const problem = await aptInstall(packages);
  if (problem) log(problem);
}

async function find(name: ToolName, log: (line: string) => void): Promise<Tool> {
  const variable = variableOf(name);
  const given = process.env[variable];
  if (given && !isExecutable(given)) {
    return {
      found: false,
      reason: `${variable}=${given} is not an executable`,
      remedy: `correct or unset ${variable}`,
    };
  }
  if (name === 'couic-report' && !given) {
    const remedy = `set ${variable} to the path of one of your own`;
    return { found: false, reason: 'no package registry has it', remedy };
  }
  if (name === 'opensearch') return openSearch(given, log);
  const debian = DEBIAN[name];
  const path = given ?? (debian ? which(...debian.commands) : undefined);
  if (path) return described(name, path);
  if (debian) {
    const remedy = `apt-get install ${debian.package}, or set ${variable} to its path`;
    return { found: false, reason: `no ${debian.commands.join(' or ')} in PATH`, remedy };
  }
  return built(name, await goTool(name), log);
}

async function goTool(name: ToolName): Promise<GoTool> {
  if (name === 'otelcol') return collectorTool();
  if (name === 'otelcol-scraper') return scrapingCollectorTool();
  return name === 'victorialogs' ? victoriaLogsTool() : composeTool();
}

/** @param given - folder of jars. */
async function openSearch(given: string | undefined, log: (line: string) => void): Promise<Tool> {
  const found = { found: true, ...OPENSEARCH, ...(given && { path: given }) } as const;
  if (!which('java')) {
    return { found: false, reason: 'no java in PATH', remedy: `apt-get install ${JAVA_PACKAGES.java}` };
  }
  if (given || existsSync(OPENSEARCH.path)) return found;
  const mvn = which('mvn');
  if (!mvn) {
    const remedy = `apt-get install ${JAVA_PACKAGES.mvn}, which then fetches it, or set CONFORMANCE_OPENSEARCH to a folder with its jars`;
    return { found: false, reason: `not in the cache (${OPENSEARCH.path}), and no mvn in PATH`, remedy };
  }
  try {
    log('fetching OpenSearch from Maven Central, once');
    await ensureOpenSearch(mvn);
    return found;
  } catch (error) {
    return { found: false, reason: (error as Error).message, remedy: 'see whether Maven Central is reached' };
  }
}

async function built(name: ToolName, tool: GoTool, log: (line: string) => void): Promise<Tool> {
  const variable = variableOf(name);
  if (isExecutable(tool.path)) return described(name, tool.path);
  const go = which('go');
  if (!go) {
    const remedy = `install Go (https://go.dev/dl), which then builds it, or set ${variable} to its path`;
    return { found: false, reason: `not in the cache (${tool.path}), and no go in PATH to build it`, remedy };
  }
  try {
    return await described(name, await ensureBuilt(tool, go, log));
  } catch (error) {
    return { found: false, reason: (error as Error).message, remedy: `mend the build, or set ${variable} to its path` };
  }
}

async function described(name: ToolName, path: string): Promise<Tool> {
  if (name === 'compose') return { found: true, path, version: 'compose-go v2.16.2' };
  if (name === 'victorialogs') return { found: true, path, version: 'VictoriaLogs v1.52.1' };
  try {
    const { stdout, stderr } = await run(path, [DEBIAN[name]?.version ?? '--version'], { timeout: 30_000 });
    const version = (stdout || stderr).trim().split('\n')[0] ?? '';
    return {
      found: true,
      path,
      version: version
        .replace(/ \(branch:.*/, '')
        .replace(/, branch:.*/, '')
        .replace(/ - https:.*/, ''),
    };
  } catch (error) {
    const remedy = `see why ${path} does not tell its version`;
    return { found: false, reason: (error as Error).message, remedy };
  }
}

function variableOf(name: string): string {
  return `CONFORMANCE_${name.toUpperCase().replaceAll('-', '_')}`;
}
