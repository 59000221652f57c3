// The command line as a tree: commands, their options, and what each does. What does it is loaded when it is asked for: to
// list revocations takes no gRPC, and a command in a small container has little memory.
import {Argument, Command, Option} from 'commander';
import {choices} from '../vendors/choices.ts';
import {version} from '../version.ts';
import {completion} from './completion/completion.ts';
import {shells} from './completion/shells.ts';
import {questions} from './init/questions.ts';
import {withManual} from './manual.ts';
import {formats} from './test/report.ts';

/** `postern`, to be parsed once. */
export const program = new Command('postern')
  .description(
    'Envoy external authorization: who is this, may they, have they bought it, is the session still good now.',
  )
  .version(version);

const here = 'postern.yaml';

/** An empty one is none: `POSTERN_CONFIG=` in an environment file. */
const configuration = () =>
  new Option('-c, --config <file>', 'the configuration')
    .default(here, `./${here}`)
    .env('POSTERN_CONFIG')
    .argParser((file: string) => (file === '' ? here : file));

/** Every command reads the same file. Exit status: 0 done, 1 it could not be done (and why is on standard error). */
const command = (name: string, description: string, of = program) =>
  of.command(name).description(description).addOption(configuration());

/** One of some words: the help and completion name them, and the command refuses others in its own words. */
const oneOf = (flags: string, about: string, words: readonly string[]) => {
  const option = new Option(flags, about);
  option.argChoices = [...words];
  return option;
};

const collected = (value: string, before: readonly string[] = []) => [...before, value];

const started = program
  .command('init')
  .description('write a configuration to begin with, cases that try it, entitlements, and the Envoy before it')
  .argument('[folder]', 'where to (default: here)')
  .addOption(
    oneOf(
      '--provider <type>',
      'who signs users in',
      choices.map(({type}) => type),
    ),
  );
for (const {name, ask} of questions) started.option(`--${name} <text>`, ask);
started
  .option('-y, --yes', 'ask nothing: what no option says is an example')
  .option('--force', 'overwrite files that are there')
  .action(async (folder, options) => (await import('./init/init.ts')).init(folder, options));

command('serve', 'answer Envoy until SIGTERM')
  .option('--shadow-config <file>', 'another configuration: what it would decide otherwise is counted and logged')
  .action(async (options) => (await import('./serve.ts')).serve(options));
command('validate', 'check the configuration and the files that it names; -c - reads standard input')
  .option('--strict', 'warnings fail, too')
  .option('--json', 'for programs')
  .option('--sarif', 'for the annotations of a CI system (SARIF 2.1.0)')
  .option('--online', 'try what it leads to, too: the same as doctor')
  .option('--timeout <seconds>', 'how long each trial may take', '10')
  .action(async (options) => (await import('./validate/validate.ts')).validate(options));
command('doctor', 'validate, and try what it leads to: issuers, vendors, sources, Redis, clocks, certificates')
  .option('--strict', 'warnings fail, too')
  .option('--json', 'for programs')
  .option('--timeout <seconds>', 'how long each trial may take', '10')
  .action(async (options) => (await import('./validate/validate.ts')).validate({...options, online: true}));
command(
  'explain',
  'tell which rule would decide a request, by whom and why (exit status 0 allow, 1 deny, 2 cannot say)',
)
  .argument('[method]', 'such as GET')
  .argument('[path]', 'path and query as sent, or a whole address')
  .option('--host <host>', 'the authority of the request')
  .option('-H, --header <name: value>', 'a header; may be given several times', collected)
  .option('--cookie <name=value>', 'a cookie; may be given several times', collected)
  .option('--token <token>', 'a bearer; @file reads it from there, - from standard input')
  .option('--curl <command>', 'a curl command, whole')
  .option('--check-request <file>', 'a CheckRequest as JSON; - reads standard input')
  .option('--decision <id>', 'a decision that the running process has made: the id in the body of the answer')
  .option('--rule <name>', 'the rule that the route of Envoy names')
  .option('--claims <json>', 'claims instead of a token, taken as signed by their issuer; @file reads them from there')
  .option('--provider <name>', 'the provider whose issuer signs them')
  .option('--entitlements <file>', 'instead of those that the configuration names')
  .option('--at <time>', 'when it is asked, such as 2027-01-31T12:00:00Z')
  .option('--offline', 'ask nobody: no issuer, no source, no Redis')
  .option('--json', 'for programs')
  .option('--color', 'also where standard output is no terminal')
  .option('--no-color')
  .action(async (method, path, options) =>
    (await import('./explain/explain.ts')).explainRequest(method, path, options),
  );
program
  .command('test')
  .description('decide the requests of files of cases offline, and compare with what they expect')
  .addOption(configuration())
  .argument('[files...]', 'files of cases, or folders of such')
  .option(
    '--record <from>',
    'make cases: of a decision log (a file, - for standard input), or admin: a running process',
  )
  .option('--coverage', 'say which rules and requirements no case tries')
  .option('--min-coverage <percent>', 'fail below it')
  .option('--filter <text>', 'only cases with this text in their name')
  .option('--watch', 'run again whenever a file changes that it has read')
  .addOption(oneOf('--format <format>', 'how the results are written', formats).default('text'))
  .action(async (files, options, command) =>
    (await import('./test/test.ts')).test(files, options, command.getOptionValueSource('config') === 'cli'),
  );
program
  .command('diff')
  .description('which decisions a change flips (exit status 0 none, 1 some, 2 undecided)')
  .argument('<old>', 'the configuration as it is')
  .argument('<new>', 'as it is to be')
  .requiredOption(
    '--cases <file...>',
    'files of cases, folders of such, or decision logs (.jsonl, - for standard input)',
  )
  .option('--entitlements <file>', 'for both, instead of those that each configuration names')
  .option('--json', 'for programs')
  .action(async (before, after, options) => (await import('./diff/diff.ts')).diff(before, after, options));
command('revoke', 'refuse what was issued to somebody until now, on every instance within a second')
  .option('--subject <subject>', 'all tokens of this subject')
  .option('--tenant <tenant>', 'everyone of this tenant; with --subject, the subject there')
  .option('--session <id>', 'all tokens of this session (sid)')
  .option('--token-id <id>', 'this token (jti), or this API key')
  .option('--provider <name>', 'only what this provider has vouched for; alone, all of that')
  .option('--before <time>', 'issued before 2027-01-31T12:00:00Z, or seconds since the epoch (default: now)')
  .option('--reason <text>', 'why, to be written down with it')
  .option('--by <name>', 'who says so, to be written down with it')
  .option('--no-wait', 'do not wait until an instance has read it')
  .action(async (options) => (await import('./revoke.ts')).revoke(options));
command('revocations', 'list the revocations in force')
  .action(async (options) => (await import('./revoke.ts')).revocations(options))
  .command('remove <id>')
  .description('take a revocation back, on every instance within a second')
  .option('--reason <text>', 'why, to be written down with it')
  .option('--by <name>', 'who says so, to be written down with it')
  .option('--no-wait', 'do not wait until an instance has read it')
  .action(async (id, _options, remove) => (await import('./revoke.ts')).unrevoke(id, remove.optsWithGlobals()));

const entitlements = program.command('entitlements').description('what tenants have bought');
command('load <file>', 'replace all that Redis holds by a file: .yaml, .json or .jsonl', entitlements)
  .option('--allow-empty', 'also if the file holds nothing')
  .option('--allow-shrink', 'also if the file has less than half of the tenants that Redis has')
  .action(async (file, options) =>
    (await import('./entitlements/entitlementsLoad.ts')).loadEntitlements(file, options),
  );
command('restore', 'put back what the last load replaced; it is kept for an hour', entitlements).action(
  async (options) => (await import('./entitlements/entitlementsLoad.ts')).restoreEntitlements(options),
);
command('list', 'list the grants of the file or of Redis', entitlements)
  .option('--tenant <tenant>', 'of this tenant alone')
  .option('--json', 'as JSON lines; without --tenant in the form that load takes')
  .action(async (options) => (await import('./entitlements/entitlements.ts')).listEntitlements(options));
command('check', 'ask the engine whether a tenant has bought something, whatever the source', entitlements)
  .requiredOption('--tenant <tenant>')
  .option('--user <subject>', 'this user of it; else a service')
  .option('--feature <feature>', 'neither this nor a permission: all that is held, with its values')
  .option('--permission <permission>', 'taken to be held')
  .option('--json')
  .action(async (options) => (await import('./entitlements/entitlements.ts')).checkEntitlement(options));
const granting = (name: string, description: string) =>
  command(name, description, entitlements)
    .requiredOption('--tenant <tenant>')
    .requiredOption('--plan <plan>')
    .option('--user <subject>', 'only this user of it');
granting('grant', 'give a tenant a plan, or its grant another end: in the file or in Redis')
  .option('--expires <date>', 'such as 2027-01-31 or 2027-01-31T12:00:00Z (default: never)')
  .action(async (options) => (await import('./entitlements/entitlementsGrant.ts')).grantPlan(options));
granting('ungrant', 'take a plan back').action(async (options) =>
  (await import('./entitlements/entitlementsGrant.ts')).ungrantPlan(options),
);
command('drop', 'have every instance fetch entitlements anew, within a second', entitlements)
  .option('--tenant <tenant>', 'of this tenant (default: of all)')
  .option('--subject <subject>', 'of this subject')
  .action(async (options) => (await import('./entitlements/entitlements.ts')).dropEntitlements(options));

const keys = program.command('keys').description('API keys of the provider type apiKeys');
const entryCommand = (name: string, description: string) =>
  keys
    .command(name)
    .description(description)
    .option('--id <id>', 'what the key is called in the file, in logs and for revocation (default: random)')
    .option('--subject <subject>', 'whom it stands for (default: the id)')
    .option('--tenant <tenant>')
    .option('--role <role...>')
    .option('--permission <permission...>')
    .option('--scope <scope...>')
    .option('--expires <date>', 'such as 2027-01-31 or 2027-01-31T12:00:00Z (default: never)')
    .option('--file <keys.yaml>', 'add the entry to this file, which is made if it is not there');
entryCommand('new', 'make a key and print it once, with the entry for the file of keys').action(async (options) =>
  (await import('./keys.ts')).newKey(options),
);
entryCommand('add', 'take over a key that exists, by its SHA-256')
  .requiredOption('--hash <sha256>', 'SHA-256 of the key, in hex or base64url; the key itself is not asked for')
  .action(async (options) => (await import('./keys.ts')).addKey(options));
keys
  .command('list')
  .description('the keys of a file, without their hashes')
  .requiredOption('--file <keys.yaml>')
  .option('--json', 'an object a line')
  .action(async (options) => (await import('./keys.ts')).listKeys(options));
keys
  .command('disable <id>')
  .description('switch a key off; it stays in the file')
  .requiredOption('--file <keys.yaml>')
  .action(async (id, options) => (await import('./keys.ts')).disableKey(id, options));
keys
  .command('rotate <id>')
  .description('make a new key with the same rights under the next id, and let the old one end')
  .requiredOption('--file <keys.yaml>')
  .option('--overlap <hours>', 'how long the old one is good beside the new one', '24')
  .action(async (id, options) => (await import('./keys.ts')).rotateKey(id, options));

program
  .command('schema')
  .description('print the JSON schema of postern.yaml, for editors')
  .action(async () => (await import('./schema.ts')).printSchema());

const toComplete = new Argument('<shell>');
toComplete.argChoices = [...shells];
program
  .command('completion')
  .description('print what a shell sources to complete this command line')
  .addArgument(toComplete)
  .action((shell) => completion(shell, program));

withManual(program);
