// What all commands have in common: examples in the help, exit statuses, readers that leave, disks that are full.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, openSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Command} from 'commander';
import {manualOf} from '../../src/commands/manual.ts';
import {program} from '../../src/commands/program.ts';
import {temporaryFolder} from '../support/ports.ts';
import {mainFile, runPostern, writeFiles} from '../support/postern.ts';

const all = (command: Command, path = command.name()): [string, Command][] => [
  [path, command],
  ...command.commands.flatMap((one) => all(one, `${path} ${one.name()}`)),
];
const commands = all(program);

/** The words of an example, as a shell sees them: quotes hold words together, and a comment is none. */
const wordsOf = (example: string): string[] =>
  [...example.replace(/\s#.*$/, '').matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/^['"]|['"]$/g, ''),
  );

describe('the command line', () => {
  for (const [path, command] of commands) {
    it(`${path}: the help has an example of it and its exit statuses`, () => {
      const {examples, exits} = manualOf(path);
      assert.ok(examples.length > 0);
      assert.ok(exits.every((line) => /^\d+ \S/.test(line)));
      for (const example of examples) {
        const own = example.split(/ [|&]+ |<\(/).filter((part) => part.startsWith('postern'));
        assert.ok(own.some((part) => `${part} `.startsWith(`${path} `)) || command.commands.length > 0, example);
        for (const part of own) {
          const words = wordsOf(part.replace(/\)$| > .*$/, ''));
          const [, of] =
            commands.findLast(([name]) => `${words.join(' ')} `.startsWith(`${name} `)) ?? assert.fail(part);
          const depth = commands.find(([, one]) => one === of)?.[0].split(' ').length ?? 0;
          const {operands, unknown} = of.parseOptions(words.slice(depth));
          assert.deepEqual(unknown, [], part);
          const most = of.registeredArguments.some(({variadic}) => variadic) ? 9 : of.registeredArguments.length;
          assert.ok(operands.length <= most, part);
        }
      }
    });
  }

  it('manuals are of commands that there are', () => {
    assert.deepEqual(manualOf('postern nothing').examples, []);
  });

  const rows: [args: string[], code: number, said: RegExp][] = [
    [
      ['valdate'],
      1,
      /^error: unknown command 'valdate'\n\(?Did you mean validate\?\)?\npostern --help says what there is\.\n$/,
    ],
    [
      ['validate', '--strcit'],
      1,
      /^error: unknown option '--strcit'\n\(Did you mean --strict\?\)\npostern validate --help says what there is\.\n$/,
    ],
    [['keys', 'list'], 1, /^error: required option '--file <keys\.yaml>' not specified\npostern keys list --help says/],
    // 1 would say: denied.
    [['explain', '--toekn', 'x'], 2, /^error: unknown option '--toekn'/],
    [['explain', '--token'], 2, /^error: option '--token <token>' argument missing/],
    // 1 would say: decisions flip.
    [['diff', 'a', 'b'], 2, /^error: required option '--cases <file\.\.\.>' not specified/],
  ];
  for (const [args, code, said] of rows) {
    it(`${args.join(' ')}: exit status ${code}, in two or three lines`, async () => {
      const ran = await runPostern(args);
      assert.match(ran.output, said);
      assert.equal(ran.code, code);
    });
  }

  it('explain --help and diff --help are done: 0', async () => {
    for (const name of ['explain', 'diff']) assert.equal((await runPostern([name, '--help'])).code, 0);
  });
});

describe('a file of another kind', () => {
  const rows: [args: string[], said: RegExp][] = [
    [
      ['validate', '-c', 'cases.yaml'],
      /^cases\.yaml:1:1: error: holds cases: postern test decides them; name the conf/,
    ],
    [
      ['validate', '-c', 'entitlements.yaml'],
      /^entitlements\.yaml:1:1: error: holds entitlements: name it in the conf/,
    ],
    [
      ['serve', '-c', 'keys.yaml'],
      /^keys\.yaml:1:1: holds API keys: name it in the configuration, as file of a provider/,
    ],
    [['test', 'postern.yaml'], /^postern\.yaml:1:1: is a configuration: name it with -c, and a file of cases here\n$/],
    [['test', 'entitlements.yaml'], /^entitlements\.yaml:1:1: holds entitlements: name a file of cases here/],
    [['test', 'keys.yaml'], /^keys\.yaml:1:1: holds API keys: name a file of cases here\n$/],
    [['entitlements', 'load', 'entitlements.yaml'], /`redis`.*; of a file, edit \S+entitlements\.yaml, or use grant/],
    [
      ['keys', 'rotate', 'first', '--file', 'none.yaml'],
      /^none\.yaml: there is no such file; postern keys new makes one/,
    ],
    [['keys', 'disable', 'first', '--file', 'none.yaml'], /^none\.yaml: there is no such file/],
  ];
  let folder: string;
  before(async () => {
    folder = temporaryFolder();
    await runPostern(['init', '--provider', 'apiKeys'], {}, mainFile, folder);
  });
  for (const [args, said] of rows) {
    it(`postern ${args.join(' ')} says which, and what to do`, async () => {
      const {code, output} = await runPostern(args, {}, mainFile, folder);
      assert.match(output, said);
      assert.equal(code, 1);
      assert.ok(!existsSync(join(folder, 'none.yaml')));
    });
  }
});

describe('postern schema', () => {
  it('prints postern.schema.json', async () => {
    const {code, output} = await runPostern(['schema']);
    assert.equal(code, 0);
    assert.equal(output, readFileSync(join(import.meta.dirname, '../../postern.schema.json'), 'utf8'));
  });
});

describe('standard output', function () {
  this.timeout(60_000);
  const many = () => {
    const folder = temporaryFolder();
    const cases = Array.from({length: 3_000}, (_, at) => ({it: `n${at}`, path: '/open', expect: {outcome: 'allow'}}));
    writeFiles(folder, {
      'cases.yaml': {settings: {rules: [{name: 'open', match: {path: '/open'}, public: true}]}, cases},
    });
    return folder;
  };
  const ended = async (folder: string, stdout: 'pipe' | number) => {
    const child = spawn(process.execPath, [mainFile, 'test', 'cases.yaml'], {
      cwd: folder,
      stdio: ['ignore', stdout, 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (text) => {
      said += text;
    });
    // As `head -1` does.
    child.stdout?.once('data', () => child.stdout?.destroy());
    const code = await new Promise((resolve) => void child.once('close', resolve));
    return {code, said};
  };

  it('a reader that leaves is no error, and the exit status stays what it is', async () => {
    assert.deepEqual(await ended(many(), 'pipe'), {code: 0, said: ''});
  });

  it('a disk that is full is one, in a line', async function () {
    if (!existsSync('/dev/full')) return this.skip();
    const {code, said} = await ended(many(), openSync('/dev/full', 'w'));
    assert.equal(said, 'standard output cannot be written: the disk is full (ENOSPC)\n');
    assert.equal(code, 1);
  });
});

describe('a folder that cannot be written', () => {
  it('init says why, and leaves nothing', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const [to, said] of [
      [
        'file',
        /^file: cannot be written: there is something else of that name already \(EEXIST\); nothing was written\n$/,
      ],
      [
        'file/new',
        /^file\/new: cannot be written: a part of its path is no folder \(ENOTDIR\); nothing was written\n$/,
      ],
    ] as const) {
      const {code, output} = await runPostern(['init', to, '-y'], {}, mainFile, folder);
      assert.match(output, said);
      assert.equal(code, 1);
    }
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  it('what a killed init has left is told, and hinders no other', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {'.postern-init-abc/postern.yaml': {}});
    const {code, output} = await runPostern(['init', '-y'], {}, mainFile, folder);
    assert.equal(code, 0, output);
    assert.match(output, /left by a postern init that was killed: \.postern-init-abc; remove it\n/);
    const again = await runPostern(['init', '-y'], {}, mainFile, folder);
    assert.equal(again.code, 1);
    assert.match(again.output, /not overwritten: .*--force\nleft by a postern init that was killed/);
  });
});
