// postern init: a configuration to begin with, its cases, entitlements and Envoy, by answers or by options.
import {join} from 'node:path';
import {type Advise, asWritten, review} from '../../config/advice.ts';
import {checkText, loadSettings} from '../../config/load.ts';
import {suggestion} from '../../core/words/nearest.ts';
import {page} from '../../page.ts';
import type {Answers, Choice, Question} from '../../vendors/choice.ts';
import {choices} from '../../vendors/choices.ts';
import {CommandError} from '../settings.ts';
import {makeAsking, shown} from './ask.ts';
import {filesOf, made} from './files.ts';
import {questions, upstream} from './questions.ts';
import {configurationOf} from './templates.ts';
import {existing, type Files, leftBehind, makeAside} from './write.ts';

/** By the name of a question: `--tenant-claim` is `tenantClaim`, as commander has it. */
export type InitOptions = Readonly<Record<string, string | boolean | undefined>>;

/** Files are made all or none; those that are there are left as they are, unless forced. */
export const init = async (folder: string | undefined, options: InitOptions): Promise<void> => {
  const force = options.force === true;
  if (folder === '') throw new CommandError('the name of the folder is empty: leave it out for this one');
  const asks = options.yes !== true && options.provider === undefined && process.stdin.isTTY && process.stdout.isTTY;
  // Before anything is asked.
  refuseExisting(folder, ['postern.yaml', 'cases.yaml', 'entitlements.yaml', 'envoy.yaml'], force);
  const {choice, answers, examples} = asks ? await asked(options) : await given(options);
  const files = withOwnIgnore(folder, filesOf(choice, answers));
  const names = Object.keys(files);
  refuseExisting(folder, names, force);
  await write(folder ?? '.', files, force);

  const at = folder === undefined ? '' : `cd ${shellWord(folder)}\n  `;
  const notes = [...(choice.notes?.(answers) ?? []), ...leftNote(folder)].map((note) => `${note}\n`);
  const replace = examples.length === 0 ? '' : `examples, to be replaced in postern.yaml: ${examples.join(', ')}\n`;
  process.stdout.write(`written: ${names.join(', ')}
${replace}${notes.join('')}read: ${page(`guides/${choice.guide}.md`)}
next:
  ${at}postern validate --strict    # the configuration, and the files that it names
  postern test cases.yaml      # what becomes of each request
  postern serve                # and, beside it: envoy -c envoy.yaml
`);
};

/** Who keeps a folder of secrets already keeps its .gitignore, too. */
const withOwnIgnore = (folder = '.', files: Files): Files => {
  const kept = existing(folder, ['secrets/.gitignore']);
  return Object.fromEntries(Object.entries(files).filter(([name]) => !kept.includes(name)));
};

/** As a shell takes it. */
const shellWord = (text: string): string =>
  /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

const leftNote = (folder = '.'): readonly string[] =>
  leftBehind(folder).map((name) => `left by a postern init that was killed: ${join(folder, name)}; remove it`);

const refuseExisting = (folder = '.', names: readonly string[], force: boolean): void => {
  const there = force ? [] : existing(folder, names);
  if (there.length === 0) return;
  const which = there.map((name) => join(folder, name)).join(', ');
  const are = there.length === 1 ? 'is there already, and is' : 'are there already, and are';
  const left = leftNote(folder).map((note) => `\n${note}`);
  throw new CommandError(
    `${which} ${are} not overwritten: name another folder (postern init FOLDER), or --force${left.join('')}`,
  );
};

interface Chosen {
  readonly choice: Choice;
  readonly answers: Answers;
  /** What nobody has been asked for, and nobody has said. */
  readonly examples: readonly string[];
}

const typeNames = choices.map(({type}) => type);

const choiceOf = (type: string): Choice => {
  const found = choices.find((one) => one.type.toLowerCase() === type.toLowerCase());
  if (found !== undefined) return found;
  throw new CommandError(`--provider: ${type} is none of ${typeNames.join(', ')}${suggestion(type, typeNames)}`);
};

const optionOf = (options: InitOptions, name: string): string | undefined => {
  const value = options[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  return typeof value === 'string' ? value : undefined;
};

/** Without questions: what no option says is an example. */
const given = async (options: InitOptions): Promise<Chosen> => {
  const type = optionOf(options, 'provider');
  if (type === undefined && options.yes !== true) {
    throw new CommandError(`--provider: is needed where nobody can be asked: one of ${typeNames.join(', ')}`);
  }
  const choice = choiceOf(type ?? 'oidc');
  const own = [...choice.questions, upstream];
  for (const {name} of questions) {
    if (optionOf(options, name) === undefined || own.some((one) => one.name === name)) continue;
    throw new CommandError(
      `--${name}: is nothing that ${choice.type} asks for; it asks for ${own.map((one) => `--${one.name}`).join(', ')}`,
    );
  }
  const answers: Answers = Object.fromEntries([
    ...own.map(({name, otherwise}) => [name, optionOf(options, name) ?? otherwise]),
    ...Object.entries(made()),
  ]);
  const faults: string[] = [];
  for (const question of own) {
    const fault = await faultOf(choice, answers, question);
    if (fault !== undefined) faults.push(`--${question.name}: ${shown(answers[question.name])} ${fault}`);
  }
  if (faults.length > 0) throw new CommandError(faults.join('\n'));
  const examples = choice.questions
    .filter(({name}) => optionOf(options, name) === undefined)
    .map(({name, otherwise}) => `${name} ${otherwise}`);
  return {choice, answers, examples};
};

const asked = async (options: InitOptions): Promise<Chosen> => {
  const asking = makeAsking(process.stdin, process.stdout);
  try {
    const type = await asking.one(
      'Who signs your users in?',
      choices.map(({type: name, title}) => ({name, title})),
    );
    const choice = choiceOf(type);
    const own = [...choice.questions, upstream];
    let answers: Answers = Object.fromEntries([
      ...own.map(({name, otherwise}) => [name, otherwise]),
      ...Object.entries(made()),
    ]);
    for (const question of own) {
      const {name, ask, otherwise} = question;
      const answer = await asking.text(`What is ${ask}?`, optionOf(options, name) ?? otherwise, (one) =>
        faultOf(choice, {...answers, [name]: one}, question),
      );
      answers = {...answers, [name]: answer};
    }
    return {choice, answers, examples: []};
  } finally {
    asking.close();
  }
};

/** What is written is to be good, and nothing to warn of. */
const reviewAll: Advise = (settings, written) => [...review(settings), ...asWritten(written)];

/** What the configuration's own checks say of an answer. One that names what is not here (`${ISSUER}`) is taken as it is. */
const faultOf = async (choice: Choice, answers: Answers, {name, at, fault}: Question): Promise<string | undefined> => {
  const answer = answers[name] ?? '';
  if (/[\n\r]/.test(answer)) return 'is more than one line';
  const own = fault?.(answer);
  if (own !== undefined || at === undefined || answer.includes('${')) return own;
  const outside = {
    variable: () => undefined,
    readFile: async () => ({text: 'x'.repeat(32)}),
    resolve: (path: string) => path,
  };
  const checked = await checkText(configurationOf(choice, answers), 'postern.yaml', outside, reviewAll);
  const said = checked.errors ?? checked.warnings;
  return said.find(({path}) => path === at || path.startsWith(`${at}[`))?.message;
};

/** Every file or none: made aside, checked as they stand there, then moved. */
const write = async (folder: string, files: Files, force: boolean): Promise<void> => {
  const aside = makeAside(folder, files);
  const stop = () => {
    aside.clear();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const {errors = []} = await loadSettings(join(aside.folder, 'postern.yaml'));
    const [error] = errors.filter(({message}) => !message.includes('environment variable'));
    if (error !== undefined) throw new CommandError(`${error.path}: ${error.message}`);
    aside.moveIntoPlace(force);
  } finally {
    aside.clear();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
};
