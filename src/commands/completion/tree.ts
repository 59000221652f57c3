// The command line as completion sees it: every command with what may follow it.
import type {Command, Option} from 'commander';

export interface Flag {
  /** `-c`, `--config`. */
  readonly names: readonly string[];
  readonly about: string;
  /** What follows it: nothing, a file, one of some words, or something that nobody can guess. */
  readonly value: 'none' | 'file' | 'text' | readonly string[];
}

export interface Node {
  /** `postern keys new` */
  readonly path: string;
  readonly about: string;
  readonly commands: readonly {readonly name: string; readonly about: string}[];
  readonly flags: readonly Flag[];
  /** Its arguments are files, folders or words of these. */
  readonly args: 'none' | 'file' | readonly string[];
}

const isFile = (placeholder: string): boolean => /<?\b(file|files|folder|keys\.yaml)\b/.test(placeholder);

const flagOf = (option: Option): Flag => ({
  names: [option.short, option.long].filter((name) => name !== undefined),
  about: option.description,
  value: afterFlag(option),
});

const afterFlag = (option: Option): Flag['value'] => {
  if (!option.required && !option.optional) return 'none';
  if (option.argChoices !== undefined) return option.argChoices;
  return isFile(option.flags) ? 'file' : 'text';
};

const argsOf = (command: Command): Node['args'] => {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return 'none';
  if (argument.argChoices !== undefined) return argument.argChoices;
  return isFile(argument.name()) ? 'file' : 'none';
};

const help: Flag = {names: ['-h', '--help'], about: 'say what it does', value: 'none'};

/** The command and all below it. */
export const nodesOf = (command: Command, path = command.name()): readonly Node[] => {
  const below = command.commands.map((one) => ({name: one.name(), about: one.description()}));
  const node: Node = {
    path,
    about: command.description(),
    commands: below,
    flags: [...command.options.map(flagOf), help],
    args: argsOf(command),
  };
  return [node, ...command.commands.flatMap((one) => nodesOf(one, `${path} ${one.name()}`))];
};
