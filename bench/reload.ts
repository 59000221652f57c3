// node bench/reload.ts [rules]: a configuration of many rules, from the start to ready, and changed while 1,000 checks a
// second are answered: how long does the unluckiest of them wait, beside as many checks without a change.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {checkRequestOf, makeCheckClient} from '../test/support/checkClient.ts';
import {freePort} from '../test/support/ports.ts';
import {startPostern} from '../test/support/postern.ts';
import {endAll} from '../test/support/processes.ts';

const count = Number(process.argv[2] ?? 5_000);
const perSecond = 1_000;

const rules = [
  {name: 'asked', match: {path: '/asked'}, public: true},
  ...Array.from({length: count - 1}, (_, at) => ({
    name: `rule-${at}`,
    match: {hosts: [`h${at % 50}.example`], methods: ['GET', 'HEAD'], path: `/orgs/{org}/a${at}/**`},
    require: {tenant: '{org}', roles: ['admin', 'owner']},
  })),
];
const [port, adminPort] = [await freePort(), await freePort()];
const textOf = (more: readonly object[]): string =>
  stringify({
    server: {listen: `127.0.0.1:${port}`},
    admin: {listen: `127.0.0.1:${adminPort}`},
    log: {decisions: 'none'},
    providers: [{name: 'keys', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}],
    rules: [...rules, ...more],
  });

const began = performance.now();
const postern = await startPostern(textOf([]), {files: {'keys.yaml': {keys: []}}});
const started = performance.now() - began;
const client = makeCheckClient(postern.address);
const request = checkRequestOf({path: '/asked'});

/** Asks evenly until told to end; answers what each waited, in milliseconds from when it was due. */
const asking = async (going: () => boolean): Promise<readonly number[]> => {
  const waits: number[] = [];
  const calls: Promise<void>[] = [];
  const first = performance.now();
  for (let due = first; going(); due += 1_000 / perSecond) {
    const ahead = due - performance.now();
    if (ahead > 1) await sleep(ahead);
    const asked = performance.now();
    const waited = () => void waits.push(performance.now() - asked);
    calls.push(client.check(request).then(waited, () => void waits.push(Number.POSITIVE_INFINITY)));
  }
  await Promise.all(calls);
  return waits.sort((one, other) => one - other);
};

const said = (title: string, waits: readonly number[]): void => {
  const at = (share: number) => (waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0).toFixed(1);
  console.log(`${title}: ${waits.length} checks, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`);
};

const during = (milliseconds: number) => {
  const until = performance.now() + milliseconds;
  return () => performance.now() < until;
};

try {
  const text = textOf([]);
  console.log(`${count} rules, ${(text.length / 1e6).toFixed(1)} MB: ready after ${(started / 1_000).toFixed(1)} s`);
  await asking(during(1_000));
  const quiet = during(4_000);
  said('without a change', await asking(quiet));
  for (const round of [1, 2]) {
    const text = textOf([{name: 'new', match: {path: `/new${round}`}, deny: true}]);
    let done = false;
    const waits = asking(() => !done);
    const changed = performance.now();
    writeFileSync(join(postern.folder, 'postern.yaml'), text);
    // Not by /metrics: what so many series cost is another matter.
    while (postern.logs().split('was loaded anew').length <= round) await sleep(50);
    const took = performance.now() - changed;
    await sleep(500);
    done = true;
    said(`change ${round}, in force after ${(took / 1_000).toFixed(1)} s`, await waits);
  }
} finally {
  client.close();
  await postern.stop();
  await endAll();
}
