import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { type CheckResult, renderSummary } from './summary.ts';

const MARKER = '<!-- what follows is printed by npm run conformance:write -->\n';

/** Prints what ran against which tool and what was skipped and why; CONFORMANCE_REPORT names a file to write it to as well. */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const { tools } = this.#vitest?.getRootProject().getProvidedContext() ?? {};
    if (!tools) return;
    const ordered = [...modules].sort((a, b) => a.moduleId.localeCompare(b.moduleId));
    const checks = ordered.flatMap((module) => [...module.children.allTests()].map(toCheck));
    const summary = renderSummary({ node: process.version, tools, checks });
    console.log(`\n${summary}`);
    const report = process.env.CONFORMANCE_REPORT;
    if (report) writeBelowMarker(report, summary);
  }
}

function toCheck(test: TestCase): CheckResult {
  const titles = [test.name];
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) titles.unshift(parent.name);
  const { state } = test.result();
  const result = test.result();
  const reason = result.state === 'skipped' && result.note ? [result.note] : [];
  const notes = test.annotations().map((annotation) => annotation.message);
  return { titles, state: state === 'pending' ? 'skipped' : state, notes: [...reason, ...notes] };
}

/** The text above the marker is written by hand and stays. */
function writeBelowMarker(path: string, summary: string): void {
  const [above] = readFileSync(path, 'utf8').split(MARKER);
  writeFileSync(path, `${above}${MARKER}\n${summary}`);
}
