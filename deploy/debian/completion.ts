import type { Command } from '../../src/cli/command.ts';

/** Completion for bash, from the commands' own usage lines. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).filter((name) => name !== '');
  const cases = commands.map(({ name, usage, help = '' }) => {
    const own = new Set(`${usage} ${help}`.match(/--[a-z][a-z-]*/g) ?? []);
    return `    ${name === '' ? '*' : name}) options="${[...own, '--help'].join(' ')}" ;;`;
  });
  // "*" is the run without a name, and has to come last.
  cases.push(cases.shift()!);
  return `# bash completion for couic-otel-bridge
_couic_otel_bridge() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} options
  case $previous in
    --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --state) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then options="${names.join(' ')} --version $options"; fi
  COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -o filenames -F _couic_otel_bridge couic-otel-bridge
`;
}
