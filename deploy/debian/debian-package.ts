import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commands } from '../../src/cli/commands.ts';
import { bashCompletion } from './completion.ts';
import { manPage } from './man-page.ts';
import { packedFiles } from './npm-package.ts';
import { copyModule, productionModules } from './production-modules.ts';

const NAME = 'couic-otel-bridge';
const LIBRARY = `usr/lib/${NAME}`;
const DOCUMENTATION = `usr/share/doc/${NAME}`;
const MAINTAINER = 'Couic OTel bridge maintainers <maintainers@couic-otel-bridge.invalid>';
/** What of the npm package an installed bridge runs with; the rest of it is for readers. */
const RUN = /^((plugins\/exporters\/crowdsec\/library\/)?dist\/.*\.js$|package\.json|otel-config\.yaml|LICENSE)/;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

export interface DebianPackageOptions {
  /** The project, built. */
  readonly root: string;
  readonly target: string;
  /** An empty folder to work in. */
  readonly scratch: string;
  readonly version: string;
}

/**
 * Makes the Debian package from what is built and installed here: no network, no root. It carries the modules it runs with, so
 * it is for this machine's architecture.
 * @returns its path.
 * @throws Error when `dpkg-deb` is not there, or this architecture has no Debian name.
 */
export function makeDebianPackage({ root, target, scratch, version }: DebianPackageOptions): string {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`there is no Debian package for ${process.arch}`);
  const tree = new Tree(join(scratch, 'tree'), root);
  const changed = lastChange(root);
  layOut(tree, root, version, changed);
  layOutControl(tree, root, version, architecture);

  const path = join(target, `${NAME}_${version}_${architecture}.deb`);
  try {
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree.path, path], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(Math.floor(changed.getTime() / 1000)) },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('the .deb needs dpkg-deb (on Debian: apt-get install dpkg)', { cause: error });
  }
  return path;
}

function layOut(tree: Tree, root: string, version: string, changed: Date): void {
  for (const file of packedFiles(root)) {
    if (RUN.test(file)) tree.copy(file, `${LIBRARY}/${file}`);
    else if (/^(docs|deploy|plugins)\/|^(README|SECURITY)\.md$/.test(file) && !file.includes('/dist/'))
      tree.copy(file, `${DOCUMENTATION}/${file}`);
  }
  for (const module of productionModules(root)) copyModule(root, module, join(tree.path, LIBRARY));
  chmodSync(join(tree.path, LIBRARY, 'dist/src/main.js'), 0o755);
  tree.link(`usr/bin/${NAME}`, `../lib/${NAME}/dist/src/main.js`);

  tree.write(`usr/lib/systemd/system/${NAME}.service`, packagedUnit(tree.read(`deploy/systemd/${NAME}.service`)));
  tree.copy('deploy/debian/files/sysusers.conf', `usr/lib/sysusers.d/${NAME}.conf`);
  tree.write(`etc/${NAME}/otel-config.yaml`, packagedConfig(tree.read('otel-config.yaml')));
  // Put into /etc by postinst, once: every operator changes it, and dpkg would ask about each change of ours.
  tree.copy('deploy/debian/files/environment', `usr/share/${NAME}/environment`);

  const date = changed.toISOString().slice(0, 10);
  tree.zip(`usr/share/man/man8/${NAME}.8.gz`, manPage(commands, version, date));
  tree.write(`usr/share/bash-completion/completions/${NAME}`, bashCompletion(commands));
  tree.copy('deploy/debian/files/copyright', `${DOCUMENTATION}/copyright`);
  tree.zip(`${DOCUMENTATION}/changelog.gz`, changelog(version, changed));
  tree.zip(`${DOCUMENTATION}/CHANGELOG.md.gz`, tree.read('CHANGELOG.md'));
  tree.copy('deploy/debian/files/lintian-overrides', `usr/share/lintian/overrides/${NAME}`);
}

function layOutControl(tree: Tree, root: string, version: string, architecture: string): void {
  const { description, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const node = /\d+\.\d+/.exec(engines.node)![0];
  const files = tree.files();
  const size = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree.path, file)).size / 1024), 0);
  tree.write(
    'DEBIAN/control',
    `Package: ${NAME}
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: libc6, nodejs (>= ${node}), init-system-helpers (>= 1.51), systemd | systemd-standalone-sysusers | systemd-sysusers
Recommends: systemd
Section: net
Priority: optional
Description: reports of a Couic firewall as OpenTelemetry metrics
${wrap(description).join('\n')}
`,
  );
  tree.write('DEBIAN/conffiles', `/etc/${NAME}/otel-config.yaml\n`);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    tree.copy(`deploy/debian/files/${script}`, `DEBIAN/${script}`, 0o755);
  }
  const sums = files.map((file) => {
    const sum = createHash('md5')
      .update(readFileSync(join(tree.path, file)))
      .digest('hex');
    return `${sum}  ${file}\n`;
  });
  tree.write('DEBIAN/md5sums', sums.join(''));
}

/** The same unit with the package's path, and the user that the package makes, so that it can be put into Couic's group. */
function packagedUnit(unit: string): string {
  return unit
    .replace(/^# Installed by hand.*\n/, '')
    .replaceAll('/usr/local/bin/', '/usr/bin/')
    .replace(/^DynamicUser=yes$/m, `User=${NAME}\nGroup=${NAME}`)
    .replace(/^(\[Unit\]\n)/m, `$1Documentation=man:${NAME}(8)\n`);
}

/** Commands that an operator types find the state of the service. */
function packagedConfig(config: string): string {
  return config.replace('STATE_DIRECTORY:-./data}', `STATE_DIRECTORY:-/var/lib/${NAME}}`);
}

function changelog(version: string, changed: Date): string {
  const date = changed.toUTCString().replace('GMT', '+0000');
  return `${NAME} (${version}) unstable; urgency=medium\n\n  * CHANGELOG.md tells what changed.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** The same package from the same sources, whenever it is made. */
function lastChange(root: string): Date {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given) return new Date(Number(given) * 1000);
  try {
    const committed = execFileSync('git', ['log', '-1', '--format=%ct'], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return new Date(Number(committed) * 1000);
  } catch {
    return statSync(join(root, 'CHANGELOG.md')).mtime;
  }
}

/** Lines of at most 79 characters, as a description in a control file has them. */
function wrap(text: string): string[] {
  return text.match(/.{1,77}(\s|$)/g)!.map((line) => ` ${line.trimEnd()}`);
}

/** The files of the package, with the modes that Debian wants. */
class Tree {
  readonly path: string;
  readonly #root: string;

  constructor(path: string, root: string) {
    this.path = path;
    this.#root = root;
  }

  read(file: string): string {
    return readFileSync(join(this.#root, file), 'utf8');
  }

  copy(file: string, to: string, mode = 0o644): void {
    copyFileSync(realpathSync(join(this.#root, file)), this.#place(to));
    chmodSync(join(this.path, to), mode);
  }

  write(to: string, text: string): void {
    writeFileSync(this.#place(to), text, { mode: 0o644 });
  }

  zip(to: string, text: string): void {
    writeFileSync(this.#place(to), gzipSync(text, { level: 9 }), { mode: 0o644 });
  }

  link(to: string, destination: string): void {
    symlinkSync(destination, this.#place(to));
  }

  /** Regular files but those of DEBIAN, relative to the tree. */
  files(): string[] {
    return readdirSync(this.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.path, join(entry.parentPath, entry.name)))
      .filter((file) => !file.startsWith('DEBIAN/'))
      .sort();
  }

  #place(to: string): string {
    const path = join(this.path, to);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    return path;
  }
}
