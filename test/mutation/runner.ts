import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer, createVitest } from 'vitest/node';
import type { Mutant } from './mutants.ts';

/** Tests that several folders share, beside those of a folder's own name. */
const SHARED = ['test/hostile/', 'test/regression/'];
/** Where an area has some elsewhere: only a real server says what a stream does. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'src/log/jetstream': ['contract', 'engine', 'snapshots'].map((name) => `test/cluster/${name}.test.ts`),
};

/** Vitest would begin with the largest file. */
class AsGiven extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return specifications;
  }
}

/** A process of its own: a mutant may loop for ever, and is ended with it. Takes mutants as messages, and answers whether a test failed. */
let active: { path: string; text: string } | undefined;

const vitest = await createVitest(
  'test',
  {
    watch: false,
    // Those of test/cluster are not among the tests of `npm test`.
    exclude: ['test/conformance/**', 'test/faults/**'],
    provide: { natsServer: { path: process.env.CLUSTER_NATS_SERVER ?? '' } },
    bail: 1,
    isolate: false,
    maxWorkers: 1,
    reporters: [{}],
    // A slow machine is no fault that a test has found.
    testTimeout: 60_000,
    sequence: { sequencer: AsGiven },
  },
  {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        load: (id: string) => (id === active?.path ? active.text : undefined),
      },
    ],
  },
);
await vitest.standalone();

process.on('message', (message: { mutant: Mutant | undefined; area: string }) => {
  judge(message.mutant, message.area).then(
    (killed) => process.send?.({ killed }),
    (error) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ ready: true });

async function judge(mutant: Mutant | undefined, area: string): Promise<string | undefined> {
  if (active !== undefined) vitest.invalidateFile(active.path);
  active = undefined;
  if (mutant !== undefined) {
    const path = resolve(mutant.file);
    const source = readFileSync(path, 'utf8');
    active = { path, text: source.slice(0, mutant.start) + mutant.put + source.slice(mutant.end) };
    vitest.invalidateFile(path);
  }
  vitest.config.related = mutant === undefined ? [] : [resolve(mutant.file)];
  const relevant = mutant === undefined ? vitest.globTestSpecifications() : vitest.getRelevantTestSpecifications();
  const places = [join('test', area.replace(/^src\//, ''), '/'), ...SHARED, ELSEWHERE[area] ?? []].flat();
  const specifications = (await relevant).filter(({ moduleId }) =>
    places.some((place) => moduleId.startsWith(resolve(place))),
  );
  if (specifications.length === 0) return undefined;
  specifications.sort((a, b) => nearness(b, mutant) - nearness(a, mutant));
  // What earlier runs left: a file that this one does not come to would still count as failed.
  vitest.state.filesMap.clear();
  vitest.state.errorsSet.clear();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const failed = testModules.find((module) => module.state() === 'failed');
  if (failed === undefined) return unhandledErrors.length > 0 ? 'an unhandled error' : undefined;
  const [test] = failed.children.allTests('failed');
  const [error] = test?.result().errors ?? failed.errors();
  return `${failed.relativeModuleId} (${error?.message.split('\n', 1)[0]})`;
}

/** The test of the file's own name first: it is the likeliest to fail. */
function nearness({ moduleId }: TestSpecification, mutant: Mutant | undefined): number {
  const words = (mutant?.file ?? '').split(/[/.]/);
  return moduleId.split(/[/.]/).filter((word) => words.includes(word)).length;
}
