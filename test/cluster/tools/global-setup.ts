import type { TestProject } from 'vitest/node';
import { findNatsServer, type NatsBinary } from './nats-binary.ts';

declare module 'vitest' {
  interface ProvidedContext {
    natsServer: NatsBinary;
  }
}

/** Finds or builds the server once, before any test file. */
export default async function setup(project: TestProject): Promise<void> {
  const found = await findNatsServer((line) => console.log(`cluster: ${line}`));
  if (found.missing) console.log(`cluster: everything is skipped. ${found.missing}`);
  project.provide('natsServer', found);
}
