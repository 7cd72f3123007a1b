import type { CommandDescription } from './description.ts';
import { type Flag, flagName } from './flags.ts';

/** Another name under which the archiver is called. */
const ALIAS = 'run_archiver.sh';

/**
 * The script that lets a shell complete flags, their values, and the configuration file.
 * @returns undefined for an unknown shell
 */
export function completionScript(command: CommandDescription, shell: string): string | undefined {
  const makers: Readonly<Record<string, (command: CommandDescription) => string>> = { bash, zsh, fish };
  return Object.hasOwn(makers, shell) ? makers[shell]?.(command) : undefined;
}

const flagsOf = ({ groups }: CommandDescription): readonly Flag[] => groups.flatMap(({ flags }) => flags);
const takesValue = ({ flags }: Flag): boolean => flags.includes('<');
const shortName = ({ flags }: Flag): string | undefined => /^-(\w), /.exec(flags)?.[1];
const choicesOf = ({ value }: Flag): string | undefined =>
  value === undefined || typeof value === 'string' ? undefined : value.join(' ');
const functionName = ({ name }: CommandDescription): string => `_${name.replaceAll('-', '_')}`;

function bash(command: CommandDescription): string {
  const flags = flagsOf(command);
  const named = (kind: (flag: Flag) => boolean): string =>
    flags
      .filter((flag) => takesValue(flag) && kind(flag))
      .map(flagName)
      .join('|');
  const choices = flags.flatMap((flag) => {
    const words = choicesOf(flag);
    return words === undefined ? [] : [`    ${flagName(flag)}) words=(${words}) ;;`];
  });
  const short = flags.flatMap((flag) => shortName(flag) ?? []).map((name) => `-${name}`);
  return `# Completion of ${command.name} for bash 4 or later: source <(${command.name} --completion bash)
${functionName(command)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  # --flag=value is three words for bash.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  local words=()
  COMPREPLY=()
  case $previous in
${choices.join('\n')}
    ${named(({ value }) => value === 'directory')})
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    ${named(({ value }) => value === undefined)}) return ;;
    *)
      if [[ $current != -* || "|${named(({ value }) => value === 'file')}|" == *"|$previous|"* ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      fi
      words=(${[...short, ...flags.map(flagName)].join(' ')})
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "\${words[*]}" -- "$current")
}
complete -F ${functionName(command)} ${command.name} ${ALIAS}
`;
}

function zsh(command: CommandDescription): string {
  const quoted = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
  const modes = command.groups[0]?.flags ?? [];
  const specs = flagsOf(command).map((flag) => {
    const long = flagName(flag);
    const short = shortName(flag);
    const others = modes.includes(flag) ? modes.map(flagName).join(' ') : short && `-${short} ${long}`;
    const exclusions = others === undefined ? '' : `'(${others})'`;
    const names = short === undefined ? long : `{-${short},${long}}`;
    return `${exclusions}${names}${takesValue(flag) ? '=' : ''}'[${quoted(flag.description)}]${zshValue(flag)}'`;
  });
  const argument = `'1:${command.argument.description}:_files'`;
  return `#compdef ${command.name} ${ALIAS}
# Completion of ${command.name} for zsh: source <(${command.name} --completion zsh), after compinit
${functionName(command)}() {
  _arguments -S \\
    ${[...specs, argument].join(' \\\n    ')}
}
if [[ $funcstack[1] == ${functionName(command)} ]]; then
  ${functionName(command)} "$@"
else
  compdef ${functionName(command)} ${command.name} ${ALIAS}
fi
`;
}

function zshValue(flag: Flag): string {
  if (!takesValue(flag)) return '';
  const name = /<(.*)>/.exec(flag.flags)?.[1] ?? '';
  const choices = choicesOf(flag);
  if (choices !== undefined) return `:${name}:(${choices})`;
  const action = { file: '_files', directory: '_directories' };
  return `:${name}:${typeof flag.value === 'string' ? action[flag.value] : ' '}`;
}

function fish(command: CommandDescription): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = [command.name, ALIAS].flatMap((name) =>
    flagsOf(command).map((flag) => {
      const short = shortName(flag);
      const names = `${short === undefined ? '' : ` -s ${short}`} -l ${flagName(flag).slice(2)}`;
      return `complete -c ${name}${names}${fishValue(flag)} -d ${quoted(flag.description)}`;
    }),
  );
  return `# Completion of ${command.name} for fish: ${command.name} --completion fish | source\n${lines.join('\n')}\n`;
}

function fishValue(flag: Flag): string {
  if (!takesValue(flag)) return '';
  const choices = choicesOf(flag);
  if (choices !== undefined) return ` -x -a '${choices}'`;
  if (flag.value === 'file') return ' -r -F';
  return flag.value === 'directory' ? " -x -a '(__fish_complete_directories)'" : ' -x';
}
