import { parseSync } from 'vite';

/** One small fault: `source.slice(0, start) + put + source.slice(end)`. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly put: string;
  /** What it does, to read: `<` → `<=`. */
  readonly what: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const OPERATORS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '|=': '&=',
  '&=': '|=',
  '++': '--',
  '--': '++',
};

/** What is of types alone does not run. */
const RUNS = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'TSTypeAssertion']);

/** Every mutant of a source: operators, conditions, numbers and booleans changed, and statements left out. Texts are left alone. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const mutants: Mutant[] = [];

  function add(start: number, end: number, put: string): void {
    const was = source.slice(start, end).replace(/\s+/g, ' ');
    const line = source.slice(0, start).split('\n').length;
    mutants.push({ file, line, start, end, put, what: `${was} → ${put === '' ? '(nothing)' : put}` });
  }

  function operator(node: Node, from: number, to: number): void {
    const put = OPERATORS[node.operator as string];
    const at = source.indexOf(node.operator as string, from);
    if (put !== undefined && at >= from && at < to) add(at, at + (node.operator as string).length, put);
  }

  function visit(node: Node): void {
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression':
      case 'AssignmentExpression':
        operator(node, (node.left as Node).end, (node.right as Node).start);
        break;
      case 'UpdateExpression':
        operator(node, node.start, node.end);
        break;
      case 'UnaryExpression':
        if (node.operator === '!') add(node.start, (node.argument as Node).start, '');
        if (node.operator === '-' && typeof (node.argument as Node).value === 'number') {
          // -1 says "none", and so would -2.
          add(node.start, node.end, String(1 - ((node.argument as Node).value as number)));
          return;
        }
        break;
      case 'IfStatement':
      case 'ConditionalExpression':
        for (const put of ['true', 'false']) add((node.test as Node).start, (node.test as Node).end, put);
        break;
      case 'WhileStatement':
        add((node.test as Node).start, (node.test as Node).end, 'false');
        break;
      case 'Literal':
        if (typeof node.value === 'number') add(node.start, node.end, String(node.value + 1));
        if (typeof node.value === 'boolean') add(node.start, node.end, String(!node.value));
        break;
      case 'ExpressionStatement':
        if (node.directive === undefined || node.directive === null) add(node.start, node.end, ';');
        break;
      case 'ThrowStatement':
        add(node.start, node.end, ';');
        break;
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child) && (!child.type.startsWith('TS') || RUNS.has(child.type))) visit(child);
      }
    }
  }
  visit(program as unknown as Node);
  return mutants;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}
