import { UsageError } from './command.ts';

/** Options of several commands whose value is the next argument. */
export const WITH_VALUE = ['--config', '--set', '--state'];

/** Takes an option of a command's own out of its arguments. @throws UsageError */
export function takeOption(args: string[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (at === -1) return undefined;
  if (args[at] !== name) return args.splice(at, 1)[0]!.slice(name.length + 1);
  const value = args.splice(at, 2)[1];
  if (value === undefined || value.startsWith('-')) throw new UsageError(`${name} needs a value: ${name} …`);
  return value;
}

export function takeFlag(args: string[], name: string): boolean {
  const at = args.indexOf(name);
  if (at !== -1) args.splice(at, 1);
  return at !== -1;
}

/** Takes the first word out that is neither an option nor the value of one. To be called when the command's own are out. */
export function takeWord(args: string[]): string | undefined {
  const at = args.findIndex((arg, i) => !arg.startsWith('-') && !WITH_VALUE.includes(args[i - 1] ?? ''));
  return at === -1 ? undefined : args.splice(at, 1)[0];
}
