// The thread that loads the configuration: runs for aside.ts, and imports what it needs by itself.
import {parentPort} from 'node:worker_threads';
import type {Order, Piece} from './aside.ts';
import {type Loaded, loadSettings} from './load.ts';

const rulesAtOnce = 200;
/** Nobody reads more, and a log line that holds more is thrown away by whoever collects it. */
const mostErrors = 200;

function* piecesOf(loaded: Loaded): Generator<Piece> {
  if (loaded.settings === undefined) {
    yield {loaded: {...loaded, errors: loaded.errors.slice(0, mostErrors)}};
    return;
  }
  const {rules} = loaded.settings;
  yield {loaded: {...loaded, settings: {...loaded.settings, rules: []}}};
  for (let start = 0; start < rules.length; start += rulesAtOnce) {
    yield {rules: rules.slice(start, start + rulesAtOnce)};
  }
}

parentPort?.on('message', async ({file, port}: Order) => {
  for (const piece of piecesOf(await loadSettings(file))) port.postMessage(piece);
  port.close();
  parentPort?.postMessage('answered');
});
