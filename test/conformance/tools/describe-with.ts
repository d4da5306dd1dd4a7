import { describe, inject, test } from 'vitest';
import type { ToolName } from './tool.ts';

export type Paths<Name extends ToolName> = Readonly<Record<Name, string>>;

/**
 * A suite that runs against real tools; where one is missing it is one skipped test that says which, why, and how to get it.
 * @param body - given the path of each tool.
 */
export function describeWith<Name extends ToolName>(
  names: readonly Name[],
  title: string,
  body: (paths: Paths<Name>) => void,
): void {
  const tools = inject('tools');
  const paths: Partial<Record<Name, string>> = {};
  const missing: string[] = [];
  for (const name of names) {
    const tool = tools[name];
    if (tool.found) paths[name] = tool.path;
    else missing.push(`${name}: ${tool.reason}. To run it: ${tool.remedy}.`);
  }
  describe(title, () => {
    if (missing.length === 0) body(paths as Paths<Name>);
    else test(`needs ${names.join(', ')}`, (context) => context.skip(missing.join(' ')));
  });
}
