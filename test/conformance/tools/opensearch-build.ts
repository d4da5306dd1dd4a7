import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './command.ts';
import { cachePath } from './go-build.ts';

const VERSION = '2.19.6';
/** The last is optional for the first, which does not start without. */
const JARS = [
  `org.opensearch:opensearch:${VERSION}`,
  `org.opensearch.plugin:transport-netty4-client:${VERSION}`,
  'org.apache.logging.log4j:log4j-core:2.25.4',
];
const TIMEOUT = 5 * 60_000;

/** Folder in the cache with the jars of an OpenSearch, as Maven Central has them: 45 MB. */
export const OPENSEARCH = { version: `OpenSearch ${VERSION}`, path: cachePath('opensearch', JARS.join()) };

/** Fetches them, if they are not there. @throws with what Maven says. */
export async function ensureOpenSearch(mvn: string): Promise<void> {
  if (existsSync(OPENSEARCH.path)) return;
  await mkdir(dirname(OPENSEARCH.path), { recursive: true });
  const directory = await mkdtemp(`${OPENSEARCH.path}-`);
  try {
    await writeFile(join(directory, 'pom.xml'), pom());
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'];
    const { code, stdout } = await run(mvn, args, { cwd: directory, timeout: TIMEOUT });
    if (code !== 0) throw new Error(`${mvn}: ${/\[ERROR\] (.*)/.exec(stdout)?.[1] ?? stdout.trim().slice(-300)}`);
    await rename(join(directory, 'lib'), OPENSEARCH.path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function pom(): string {
  const dependencies = JARS.map((jar) => {
    const [group, artifact, version] = jar.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>conformance</groupId><artifactId>conformance</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>`;
}
