// What a shell sources to complete `postern`: everything is in the script, so that no key waits for a program to start.
import type {Flag, Node} from './tree.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** In single quotes, for all three. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Which words lead from one command into the next. */
const steps = (nodes: readonly Node[]): string =>
  nodes
    .slice(1)
    .map(({path}) => quoted(path))
    .join('|');

const flagNames = ({flags}: Node): readonly string[] => flags.flatMap(({names}) => names);

const bash = (nodes: readonly Node[]): string => {
  const values = nodes.flatMap(({path, flags}) =>
    flags
      .filter(({value}) => value !== 'none')
      .map(({names, value}) => {
        const patterns = names.map((name) => quoted(`${path} ${name}`)).join('|');
        if (value === 'file') return `    ${patterns}) return ;;`;
        if (value === 'text') return `    ${patterns}) compopt +o default 2>/dev/null; return ;;`;
        return `    ${patterns}) COMPREPLY=($(compgen -W ${quoted((value as readonly string[]).join(' '))} -- "$cur")); return ;;`;
      }),
  );
  const words = nodes.map((node) => {
    const args = typeof node.args === 'string' ? [] : node.args;
    const named = [...node.commands.map(({name}) => name), ...args].join(' ');
    const files = node.args === 'file' ? 1 : 0;
    return `    ${quoted(node.path)}) flags=${quoted(flagNames(node).join(' '))} words=${quoted(named)} files=${files} ;;`;
  });
  return `# bash completion of postern. In ~/.bashrc: source <(postern completion bash)
_postern() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=postern i flags words files
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${steps(nodes)}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $prev" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  [[ $files == 1 ]] || compopt +o default 2>/dev/null
  [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _postern postern
`;
};

/** \`name:what it is\`, as _describe takes them: colons in it are escaped. */
const described = (name: string, about: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${about.replaceAll(':', '\\:')}`);

const zsh = (nodes: readonly Node[]): string => {
  const values = nodes.flatMap(({path, flags}) =>
    flags
      .filter(({value}) => value !== 'none')
      .map(({names, value}) => {
        const patterns = names.map((name) => quoted(`${path} ${name}`)).join('|');
        if (value === 'file') return `    ${patterns}) _files; return ;;`;
        if (value === 'text') return `    ${patterns}) _message value; return ;;`;
        return `    ${patterns}) compadd -- ${(value as readonly string[]).map(quoted).join(' ')}; return ;;`;
      }),
  );
  const words = nodes.map((node) => {
    const flags = node.flags.flatMap(({names, about}) => names.map((name) => described(name, about)));
    const args = typeof node.args === 'string' ? [] : node.args.map((word) => described(word, ''));
    const named = [...node.commands.map(({name, about}) => described(name, about)), ...args];
    return `    ${quoted(node.path)}) flags=(${flags.join(' ')}) words_=(${named.join(' ')}) files=${node.args === 'file' ? 1 : 0} ;;`;
  });
  return `#compdef postern
# zsh completion of postern. In ~/.zshrc, after compinit: source <(postern completion zsh)
_postern() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} path_=postern i files=0
  local -a flags words_
  for ((i = 2; i < CURRENT; i++)); do
    case "$path_ \${words[i]}" in
      (${steps(nodes)}) path_="$path_ \${words[i]}" ;;
    esac
  done
  case "$path_ $prev" in
${values.map((line) => line.replace(/^ {4}/, '    (')).join('\n')}
  esac
  case "$path_" in
${words.map((line) => line.replace(/^ {4}/, '    (')).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    _describe option flags
    return
  fi
  (( \${#words_} )) && _describe command words_
  (( files )) && _files
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _postern "$@"; else compdef _postern postern; fi
`;
};

const fish = (nodes: readonly Node[]): string => {
  const lines = nodes.flatMap((node) => {
    const when = `-n ${quoted(`__postern_at ${quoted(node.path)}`)}`;
    const one = (rest: string) => `complete -c postern ${when} ${rest}`;
    const args = typeof node.args === 'string' ? [] : node.args;
    return [
      ...(node.args === 'file' ? [one('-F')] : []),
      ...node.commands.map(({name, about}) => one(`-a ${name} -d ${quoted(about)}`)),
      ...args.map((word) => one(`-a ${word}`)),
      ...node.flags.map((flag) => one(fishFlag(flag))),
    ];
  });
  return `# fish completion of postern: postern completion fish > ~/.config/fish/completions/postern.fish
function __postern_at
    set -l at postern
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${nodes
              .slice(1)
              .map(({path}) => quoted(path))
              .join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv"
end
complete -c postern -f
${lines.join('\n')}
`;
};

const fishFlag = ({names, about, value}: Flag): string => {
  const spelled = names
    .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(' ');
  const takes =
    value === 'none'
      ? ''
      : value === 'file'
        ? ' -r -F'
        : value === 'text'
          ? ' -x'
          : ` -x -a ${quoted((value as readonly string[]).join(' '))}`;
  return `${spelled}${takes} -d ${quoted(about)}`;
};

export const scriptFor = (shell: Shell, nodes: readonly Node[]): string => ({bash, zsh, fish})[shell](nodes);
