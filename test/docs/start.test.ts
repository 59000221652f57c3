// docs/start.md: every command of it, run from an empty folder before a real Envoy, prints what the page shows.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {mainFile} from '../support/postern.ts';
import {tool} from '../support/tools.ts';
import {runPage} from './console.ts';

const page = join(import.meta.dirname, '../../docs/start.md');

/** Written down, so that what the page starts with `&` ends with the test. */
const started = 'echo $$ >> started\n';

describe('docs/start.md', function () {
  this.timeout(180_000);
  let folder = '';
  after(() => {
    const file = join(folder, 'started');
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    for (const pid of pids) {
      try {
        process.kill(Number(pid));
      } catch {
        // It has ended by itself.
      }
    }
  });

  it('prints what it shows', async () => {
    folder = temporaryFolder();
    const envoy = await tool('envoy');
    const ports = new Map<string, number>();
    for (const port of ['8000', '8080', '9190', '9191', '9901']) ports.set(port, await freePort());
    const own = (text: string) => text.replaceAll(/\b(8000|8080|9190|9191|9901)\b/g, (port) => `${ports.get(port)}`);
    const files = [...ports].map(([from, to]) => `s/\\b${from}\\b/${to}/g`).join(';');
    const ready = own(
      'until curl -s 127.0.0.1:9190/readyz | grep -q \'"ready"\' && curl -sf 127.0.0.1:8000/healthz; do sleep 0.2; done',
    );
    const asRun = (command: string): string => {
      if (command.startsWith('node -e'))
        return own(command).replace('node ', 'stands-behind ').replace(/ &$/, ' > behind.log 2>&1 &');
      if (command.startsWith('envoy ')) return `${command}\n(${ready}) > waited 2>&1`;
      if (command.startsWith('sed ')) return `${command}; sleep 4`;
      return own(command);
    };
    const programs = {
      // As the page's own, at free ports.
      postern: `#!/bin/sh
[ "$1" = serve ] && ${started}[ "$1" = init ] || exec ${process.execPath} ${mainFile} "$@"
${process.execPath} ${mainFile} "$@" && sed -i '${files}' *.yaml\n`,
      envoy: `#!/bin/sh\n${started}exec ${envoy} "$@" --concurrency 1 --disable-hot-restart\n`,
      'stands-behind': `#!/bin/sh\n${started}exec ${process.execPath} "$@"\n`,
    };
    const ran = runPage({path: page, folder, config: 'postern.yaml', log: '', asRun, programs});
    assert.ok(ran.length >= 14, `${ran.length} commands`);
    if (process.env.UPDATE_DOCS === '1') return;
    for (const {command, shown, printed} of ran) assert.equal(printed, shown, command);
  });
});
