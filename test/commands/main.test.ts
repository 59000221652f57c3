// What every command starts with: a Node that is new enough, and a configuration that need not be named.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {stripTypeScriptTypes} from 'node:module';
import {delimiter, join} from 'node:path';
import {temporaryFolder} from '../support/ports.ts';
import {mainFile, runPostern, writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';

const run = async (command: string, args: readonly string[]) => {
  const program = await start({name: 'postern', command, args, env: process.env});
  return {code: await program.ended, output: program.output()};
};

describe('a Node that is too old', () => {
  const said = /^postern needs Node 22\.19 or newer, and this is [\d.]+ \(\S+\)\.\nInstall a newer one .*\n$/;
  const pretending = (version: string) => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
  ];

  for (const version of ['12.22.0', '18.20.8', '20.20.2', '22.18.0']) {
    it(`${version} is told what is needed`, async () => {
      const {code, output} = await run(process.execPath, [...pretending(version), mainFile, '--version']);
      assert.match(output, said);
      assert.equal(code, 1);
    });
  }

  for (const version of ['22.19.0', '24.0.0', '30.1.2']) {
    it(`${version} is new enough`, async () => {
      const {code, output} = await run(process.execPath, [...pretending(version), mainFile, '--version']);
      assert.match(output, /^\d+\.\d+\.\d+\n$/);
      assert.equal(code, 0);
    });
  }

  it('is what package.json says', () => {
    const {engines} = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    assert.ok(readFileSync(mainFile, 'utf8').includes(`[${engines.node.slice(2).replace('.', ', ')}]`));
  });

  it('a real one reads the file that is started first, where there is one on PATH', async function () {
    const older = (process.env.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, 'node'))
      .find(
        (node) => existsSync(node) && /^v(1\d|20|21)\./.test(execFileSync(node, ['--version'], {encoding: 'utf8'})),
      );
    if (older === undefined) return this.skip();
    const file = join(temporaryFolder(), 'main.mjs');
    writeFileSync(file, stripTypeScriptTypes(readFileSync(mainFile, 'utf8')));
    const {code, output} = await run(older, [file, '--version']);
    assert.match(output, said);
    assert.equal(code, 1);
  });
});

describe('the configuration', () => {
  const configuration = (rule: string) => ({rules: [{name: rule, match: {path: '/open'}, public: true}]});
  let folder: string;
  before(() => {
    folder = temporaryFolder();
    writeFiles(folder, {
      'here/postern.yaml': configuration('here'),
      'else/other.yaml': configuration('elsewhere'),
      'none/cases.yaml': {cases: [{it: 'open', path: '/open', expect: {outcome: 'allow'}}]},
      'none/own.yaml': {
        settings: configuration('own'),
        cases: [{it: 'open', path: '/open', expect: {outcome: 'allow', rule: 'own'}}],
      },
      'none/here.yaml': {
        settings: configuration('own'),
        cases: [{it: 'open', path: '/open', expect: {outcome: 'allow', rule: 'elsewhere'}}],
      },
    });
  });
  const other = () => join(folder, 'else/other.yaml');
  const cases = (name: string) => join(folder, 'none', name);

  const rows: [
    title: string,
    at: string,
    args: () => string[],
    env: () => Record<string, string>,
    said: RegExp,
    code: number,
  ][] = [
    ['is ./postern.yaml', 'here', () => ['validate'], () => ({}), /^postern\.yaml: good/, 0],
    [
      'is what POSTERN_CONFIG names',
      'here',
      () => ['validate'],
      () => ({POSTERN_CONFIG: other()}),
      /other\.yaml: good/,
      0,
    ],
    [
      'is ./postern.yaml if POSTERN_CONFIG is empty',
      'here',
      () => ['validate'],
      () => ({POSTERN_CONFIG: ''}),
      /^postern\.yaml: good/,
      0,
    ],
    [
      'is what -c names first of all',
      'here',
      () => ['validate', '-c', other()],
      () => ({POSTERN_CONFIG: 'nothing'}),
      /other\.yaml: good/,
      0,
    ],
    [
      'is asked for where there is none',
      'none',
      () => ['validate'],
      () => ({}),
      /^postern\.yaml:1:1: error: cannot be read: there is no such file; name the configuration with -c or POSTERN_CONFIG, or have one written: postern init\n/,
      1,
    ],
    [
      'that POSTERN_CONFIG names is not there',
      'here',
      () => ['validate'],
      () => ({POSTERN_CONFIG: '/nowhere.yaml'}),
      /\/nowhere\.yaml:1:1: error: cannot be read: there is no such file; name/,
      1,
    ],
    [
      'is asked for by serve',
      'none',
      () => ['serve'],
      () => ({}),
      /^postern\.yaml:1:1: cannot be read: .*postern init\n$/,
      1,
    ],
    [
      'is asked for by explain, which says no deny',
      'none',
      () => ['explain', 'GET', '/open'],
      () => ({}),
      /postern init\n$/,
      2,
    ],
    [
      'is asked for by the groups of commands',
      'none',
      () => ['entitlements', 'list'],
      () => ({}),
      /postern init\n$/,
      1,
    ],
    ['is found by explain', 'here', () => ['explain', 'GET', '/open', '--offline'], () => ({}), /here/, 0],
    ['is found by test', 'here', () => ['test', cases('cases.yaml')], () => ({}), /1 passed/, 0],
    [
      'is asked for by test, where cases carry none',
      'none',
      () => ['test', 'cases.yaml'],
      () => ({}),
      /postern init\n$/,
      1,
    ],
    [
      'of the cases is taken, though there is one here',
      'here',
      () => ['test', cases('own.yaml')],
      () => ({}),
      /1 passed/,
      0,
    ],
    ['of the cases gives way to -c', 'none', () => ['test', 'here.yaml', '-c', other()], () => ({}), /1 passed/, 0],
    [
      'is named in the help',
      'none',
      () => ['serve', '--help'],
      () => ({}),
      /-c, --config <file> +the configuration \(default: \.\/postern\.yaml, env:\s+POSTERN_CONFIG\)/,
      0,
    ],
  ];
  for (const [title, at, args, env, said, code] of rows) {
    it(title, async () => {
      const ran = await runPostern(args(), env(), mainFile, join(folder, at));
      assert.match(ran.output, said);
      assert.equal(ran.code, code, ran.output);
    });
  }
});
