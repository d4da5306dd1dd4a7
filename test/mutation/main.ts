import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findNatsServer } from '../cluster/tools/nats-binary.ts';
import { randomNumbers } from '../log/folds.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

/**
 * What must not be wrong: each is tried with tests of its own name, and with those of test/hostile and test/regression; see runner.ts. A
 * file is of the last area that it is in.
 */
const AREAS = ['src/report', 'src/log', 'src/log/jetstream', 'src/ledger', 'plugins/exporters/crowdsec'];
/** Longer than all tests of an area take: what is over then loops, and was noticed. */
const LONGEST_MS = 300_000;

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run test:mutation -- [--each N] [--seed S] [--only PATH]…

Changes one small thing of the code, N times in each of ${AREAS.join(', ')}, and sees whether a test fails.
What no test noticed is printed, with the share of it. Texts are never changed. --only PATH: a folder or file of these.`);
  process.exit(0);
}

const nats = await findNatsServer(console.log);
let runner: ChildProcess | undefined;
let tried = 0;
let survived = 0;
for (const area of AREAS) {
  const files = filesOf(area).filter((file) => (values.only ?? ['']).some((path) => file.startsWith(path)));
  const mutants = files.flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')));
  if (mutants.length === 0) continue;
  if (area.endsWith('/jetstream') && nats.missing !== undefined) {
    console.log(`${area}: left out, since its tests need a nats-server. ${nats.missing}`);
    continue;
  }
  const clean = await judge(undefined, area);
  if (clean !== undefined) throw new Error(`${area}: ${clean} fails without any change: mend that first`);
  const picked = pick(mutants, Number(values.each), Number(values.seed));
  const alive: Mutant[] = [];
  for (const mutant of picked) {
    const noticed = await judge(mutant, area);
    if (noticed === undefined) alive.push(mutant);
    // By what, since on a busy machine a test may fail for its time alone.
    const fate = noticed === undefined ? 'survived' : `noticed by ${noticed}`;
    console.log(`${fate}: ${mutant.file}:${mutant.line}: ${mutant.what}`);
  }
  console.log(`${area}: ${alive.length} of ${picked.length} survived (${mutants.length} there are)`);
  tried += picked.length;
  survived += alive.length;
}
runner?.kill('SIGKILL');
console.log(`${survived} of ${tried} survived: ${((100 * survived) / tried).toFixed(1)} %, seed ${values.seed}`);
// One in five is what CONTRIBUTING.md aims at.
process.exit(survived * 5 < tried ? 0 : 1);

/** @returns what noticed the mutant; undefined when nothing did. */
async function judge(mutant: Mutant | undefined, area: string): Promise<string | undefined> {
  runner ??= await started();
  const child = runner;
  const answer = await new Promise<{ killed?: string; error?: string }>((settle) => {
    const timer = setTimeout(() => settle({ killed: 'time' }), LONGEST_MS);
    const done = (message: { killed?: string; error?: string }): void => {
      clearTimeout(timer);
      child.off('message', done).off('exit', ended);
      settle(message);
    };
    const ended = (): void => done({ killed: 'the end of the runner' });
    child.on('message', done).on('exit', ended);
    child.send({ mutant, area });
  });
  if (answer.error !== undefined) throw new Error(answer.error);
  if (answer.killed === 'time' || answer.killed === 'the end of the runner') {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    runner = undefined;
  }
  return answer.killed;
}

/** A runner in a process group of its own, so that its workers end with it. */
async function started(): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./runner.js', import.meta.url)), [], {
    detached: true,
    env: { ...process.env, CLUSTER_NATS_SERVER: nats.path },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise((ready) => child.once('message', ready));
  return child;
}

function filesOf(area: string): string[] {
  return readdirSync(area, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !/(^|\/)(dist|node_modules|examples)\//.test(file),
    )
    .map((file) => join(area, file))
    .filter((file) => AREAS.findLast((other) => file.startsWith(`${other}/`)) === area)
    .sort();
}

/** The same ones for the same seed. */
function pick(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const left = [...mutants];
  const random = randomNumbers(seed);
  const picked: Mutant[] = [];
  while (picked.length < count && left.length > 0) picked.push(...left.splice(Math.floor(random() * left.length), 1));
  return picked.sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1));
}
