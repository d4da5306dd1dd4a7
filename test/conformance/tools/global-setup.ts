import type { TestProject } from 'vitest/node';
import { findTools } from './find.ts';

/** Finds or builds the tools once, before any test file, and hands them to all. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('tools', await findTools((line) => console.log(`conformance: ${line}`)));
}
