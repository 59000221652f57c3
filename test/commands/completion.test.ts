// postern completion, in the shells themselves: every command and option of the command line is offered where it may stand.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {scriptFor, shells} from '../../src/commands/completion/shells.ts';
import {nodesOf} from '../../src/commands/completion/tree.ts';
import {program} from '../../src/commands/program.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern} from '../support/postern.ts';

const nodes = nodesOf(program);

/** What the shell offers for each line, the cursor at its end; undefined: there is no such shell here. */
const offered = (shell: string, lines: readonly string[], folder: string): string[][] | undefined => {
  const script = join(folder, `postern.${shell}`);
  writeFileSync(script, scriptFor(shell as 'bash', nodes));
  // Marks the end of what each line was offered.
  const ask: Record<string, string> = {
    bash: `source ${script}
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMPREPLY=()
  _postern 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}" --end
done`,
    // The functions of zsh that offer, standing in: they print what they are given.
    zsh: `compdef() { :; }
_describe() { local -a given; given=(\${(P)2}); print -rl -- \${\${given%%:*}:#} }
_files() { print -rl -- * }
compadd() { [[ $1 == -- ]] && shift; print -rl -- "$@" }
_message() { :; }
source ${script}
while IFS= read -r line; do
  words=(\${=line}); [[ $line == *' ' ]] && words+=('')
  CURRENT=\${#words}; _postern; print -r -- --end
done`,
    fish: `source ${script}
while read -l line
  complete --do-complete "$line" | string split -f1 \\t
  echo --end
end`,
  };
  try {
    execFileSync(shell, ['--version'], {stdio: 'ignore'});
  } catch {
    return undefined;
  }
  const command = ask[shell] ?? '';
  const output = execFileSync(shell, ['-c', command], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    cwd: folder,
    env: {...process.env, HOME: folder, XDG_CONFIG_HOME: folder},
  });
  return output
    .split('--end\n')
    .slice(0, -1)
    .map((part) => part.split('\n').filter((word) => word !== ''));
};

describe('postern completion', function () {
  this.timeout(30_000);
  let folder: string;
  before(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'other.yaml'), '');
  });

  for (const shell of shells) {
    it(`${shell}: offers every command below every other, and every option`, function () {
      const lines = nodes.flatMap(({path}) => [`${path} `, `${path} --`]);
      const found = offered(shell, lines, folder);
      if (found === undefined) return this.skip();
      for (const [at, {path, commands, flags}] of nodes.entries()) {
        const words = found[2 * at] ?? [];
        for (const {name} of commands) assert.ok(words.includes(name), `${path}: ${name} of ${words}`);
        const options = found[2 * at + 1] ?? [];
        for (const name of flags.flatMap(({names}) => names).filter((one) => one.startsWith('--'))) {
          assert.ok(options.includes(name), `${path}: ${name} of ${options}`);
        }
      }
    });

    it(`${shell}: what follows an option, and no more than there is`, function () {
      const rows: [line: string, offer: readonly string[]][] = [
        ['postern completion ', ['bash', 'fish', 'zsh']],
        ['postern test --format ', ['junit', 'tap', 'text']],
        ['postern test -c other.yaml --format ', ['junit', 'tap', 'text']],
        ['postern init --provider fro', ['frontegg', 'frontier']],
        ['postern revoke --tenant ', []],
        ['postern serve ', []],
      ];
      const found = offered(
        shell,
        rows.map(([line]) => line),
        folder,
      );
      if (found === undefined) return this.skip();
      for (const [at, [line, offer]] of rows.entries()) {
        // Of zsh it is the shell itself that keeps to what has been typed.
        if (shell !== 'zsh' || line.endsWith(' ')) assert.deepEqual(found[at]?.toSorted(), offer, line);
      }
    });
  }

  it('zsh and fish: files where files may stand', function () {
    for (const shell of ['zsh', 'fish']) {
      const found = offered(shell, ['postern serve -c ', 'postern test '], folder);
      if (found === undefined) return this.skip();
      for (const words of found) assert.ok(words.includes('other.yaml'), `${shell}: ${words}`);
    }
  });

  it('bash: a real terminal completes, and files where files may stand', async () => {
    const {output} = await runPostern(['completion', 'bash']);
    const script = join(folder, 'real.bash');
    writeFileSync(script, output);
    assert.equal(execFileSync('bash', ['-n', script], {encoding: 'utf8'}), '');
    assert.match(
      execFileSync('bash', ['-c', `source ${script}; complete -p postern`], {encoding: 'utf8'}),
      /-o default -F _postern postern/,
    );
    // Where nothing is offered, the default of bash is: files.
    assert.deepEqual(offered('bash', ['postern serve -c ', 'postern test '], folder), [[], []]);
  });

  it('a shell that is not known is told which are', async () => {
    const {code, output} = await runPostern(['completion', 'tcsh']);
    assert.equal(code, 1);
    assert.equal(output, 'tcsh is no shell that is known here: write bash, zsh, fish\n');
  });
});
