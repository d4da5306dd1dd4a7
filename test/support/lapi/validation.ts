export type Loose = Record<string, unknown>;

/** A line, or those of something inside. */
type Problem = string | readonly Problem[];

const HEADING = 'validation failure list:';

/** What the code that is generated from LAPI's schema finds wrong with usage metrics; it passes over null. */
export function validationError(components: readonly (Loose | null)[]): string | undefined {
  for (const [index, component] of components.entries()) {
    const problems = component === null ? [] : componentProblems(component, `remediation_components.${index}`);
    // LAPI says a heading once where it stands several times in a row, at the beginning and nowhere else.
    if (problems.length > 0) return render(problems).replace(/^(validation failure list:\n)+/, `${HEADING}\n`);
  }
  return undefined;
}

function render(problems: readonly Problem[]): string {
  return [HEADING, ...problems.map((each) => (typeof each === 'string' ? each : render(each)))].join('\n');
}

function componentProblems(component: Loose, path: string): Problem[] {
  const os = component.os as Loose | null | undefined;
  return [
    ...inside(firstOf(component.metrics, `${path}.metrics`, windowProblems)),
    ...inside(os ? [...required(os, 'name', `${path}.os`), ...required(os, 'version', `${path}.os`)] : []),
    ...required(component, 'utc_startup_timestamp', path),
    ...required(component, 'version', path),
  ];
}

function windowProblems(window: Loose, path: string): Problem[] {
  const meta = window.meta as Loose | null | undefined;
  const at = `${path}.meta`;
  return [
    ...required(window, 'items', path),
    ...inside(firstOf(window.items, `${path}.items`, itemProblems)),
    ...required(window, 'meta', path),
    ...inside(meta ? [...required(meta, 'utc_now_timestamp', at), ...required(meta, 'window_size_seconds', at)] : []),
  ];
}

function itemProblems(item: Loose, path: string): Problem[] {
  const labels = Object.entries((item.labels ?? {}) as Record<string, string | null>);
  // Of several that are too long it tells one, whichever Go's map gives first.
  const [label = []] = labels
    .map(([key, value]) => tooLong(value ?? '', `${path}.labels.${key}`))
    .filter(({ length }) => length > 0);
  return [...label, ...required(item, 'name', path), ...required(item, 'unit', path), ...required(item, 'value', path)];
}

/** Of a list it tells the first that has any. */
function firstOf(list: unknown, path: string, problemsOf: (each: Loose, path: string) => Problem[]): Problem[] {
  for (const [index, each] of ((list ?? []) as (Loose | null)[]).entries()) {
    const problems = each === null ? [] : problemsOf(each, `${path}.${index}`);
    if (problems.length > 0) return problems;
  }
  return [];
}

function inside(problems: readonly Problem[]): Problem[] {
  return problems.length > 0 ? [problems] : [];
}

/** Missing, or a string that is too long. An empty string is there. */
function required(holder: Loose, field: string, path: string): string[] {
  const value = holder[field];
  if (value === undefined || value === null) return [`${path}.${field} in body is required`];
  return typeof value === 'string' ? tooLong(value, `${path}.${field}`) : [];
}

function tooLong(value: string, path: string): string[] {
  return [...value].length > 255 ? [`${path} in body should be at most 255 chars long`] : [];
}
