// npm run demo: Postern between a real Envoy and a service, and what becomes of a dozen telling requests.
// `npm run demo -- frontegg` (kinde, authgear, frontier) shows the example of a vendor. `--once` ends after the table; otherwise
// everything stays up until Ctrl-C, and denials are told as they come. `--copy FOLDER` runs a copy of the settings there.
// `--issuer` starts the identity provider alone, for a Postern of one's own.
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {parseArgs} from 'node:util';
import {obtain} from '../../scripts/tools.ts';
import {startEcho} from '../../test/support/echo.ts';
import {startEnvoy} from '../../test/support/envoy.ts';
import {freePort} from '../../test/support/ports.ts';
import {startPostern} from '../../test/support/postern.ts';
import {endAll} from '../../test/support/processes.ts';
import {makeDenials} from './denials.ts';
import {configurationFor} from './files.ts';
import {rateLimited} from './limits.ts';
import {own} from './own.ts';
import type {Scene} from './scene.ts';
import {askAnswers, askPostern, type Outcome, sendThroughEnvoy} from './send.ts';
import {asExpected, printTable} from './table.ts';
import {vendors} from './vendors.ts';

const say = (text: string): void => console.log(text);

/** Everything that was started, the last first, is ended in this order. */
const endings: (() => Promise<unknown>)[] = [];
const started = <T extends {stop(): Promise<unknown>}>(one: T): T => {
  endings.unshift(() => one.stop());
  return one;
};
const end = async (): Promise<void> => {
  for (const stop of endings.splice(0)) await stop().catch(() => undefined);
  await endAll();
};

const asked = () => {
  const usage = `Usage: npm run demo -- [${Object.keys(vendors).join(' | ')}] [--once] [--copy FOLDER] [--issuer]`;
  try {
    const {values, positionals} = parseArgs({
      options: {
        once: {type: 'boolean', default: false},
        copy: {type: 'string'},
        issuer: {type: 'boolean', default: false},
        help: {type: 'boolean', short: 'h', default: false},
      },
      allowPositionals: true,
    });
    if (values.help) return usage;
    const [vendor, ...others] = positionals;
    if (others.length > 0 || (vendor !== undefined && !Object.hasOwn(vendors, vendor)))
      throw new Error(`${positionals.join(' ')} is none of them.`);
    return {scene: (vendor === undefined ? own : vendors[vendor]) as Scene, ...values};
  } catch (error) {
    const [said] = (error as Error).message.split('. ', 1);
    throw new Error(`${said}\n${usage}`);
  }
};

const demo = async (): Promise<boolean> => {
  const options = asked();
  if (typeof options === 'string') {
    say(options);
    return true;
  }
  const {scene, once, copy, issuer} = options;
  if (issuer) return issuerAlone(scene);
  say(`${scene.about}, a service that echoes what it receives, Postern, and Envoy in front.\n`);
  const begun = started(await scene.begin());
  const {counting} = begun;
  const echo = started(await startEcho({port: await freePort(9280)}));
  const {file, text, shown, answers, because} = await configurationFor(scene, begun, copy);
  let follow: (output: string) => void = () => {};
  const postern = started(await startPostern(text, {at: file, env: begun.env, onOutput: (output) => follow(output)}));
  const tool = await obtain('envoy');
  const envoy =
    tool.missing === undefined
      ? started(
          await startEnvoy({
            checkAddress: postern.address,
            upstream: echo,
            port: await freePort(10_000),
            adminPort: await freePort(9901),
            ...(counting && rateLimited(counting.limits.port, counting.paths)),
          }),
        )
      : undefined;
  if (tool.missing !== undefined) {
    say(`${tool.missing}\nSo there is no Envoy here: Postern is asked over gRPC what Envoy would ask it.\n`);
  }

  const send = envoy === undefined ? askPostern(postern.address) : sendThroughEnvoy(envoy.port, counting?.limits);
  const ask = answers === undefined ? send : askAnswers(answers);
  const rows = begun.rows.filter(({byEnvoy}) => byEnvoy === undefined || envoy !== undefined);
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    for (let before = 1; before < (row.times ?? 1); before++) await send(row);
    outcomes.push(await (row.flag === undefined ? send : ask)(row));
  }
  printTable(rows, outcomes, say);
  if (rows.length < begun.rows.length)
    say(`\n${begun.rows.length - rows.length} rows are left out: only Envoy can show them.`);
  const isGood = rows.every((row, at) => asExpected(row, outcomes[at] as Outcome));
  say(isGood ? '\nEvery row is as it should be.' : '\nThe rows marked with ✗ are not as they should be.');
  if (!isGood) say(`\nWhat Postern logged:\n${postern.logs().slice(-4_000)}`);

  if (once) return isGood;
  const lines = [
    `service behind Envoy   ${envoy === undefined ? '(no Envoy)' : `http://127.0.0.1:${envoy.port}`}`,
    `metrics and readiness  ${postern.adminUrl}/metrics   ${postern.adminUrl}/readyz`,
    ...(answers === undefined ? [] : [`the application asks   ${answers}   (OpenFeature, docs/guides/answers.md)`]),
    ...(begun.where === undefined ? [] : [begun.where]),
    `settings               ${shown}   change a rule: it counts within two seconds`,
    ...(because === undefined ? [] : [`                       (${because})`]),
  ];
  say(`\nStill running until you press Ctrl-C:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  const variables = Object.entries(begun.env).map(([name, value]) => `${name}='${value}' `);
  const toTry =
    envoy === undefined
      ? `${variables.join('')}npm run -s postern -- explain -c ${shown} -H "${begun.header}" GET ${begun.path}`
      : `curl -i -H "${begun.header}" http://127.0.0.1:${envoy.port}${begun.path}`;
  const note =
    `${begun.token}${toTry}`.includes('curl ') && !isOnPath('curl') ? ' (by curl, which is not on PATH here)' : '';
  say(`\nTry it${note}:\n  ${begun.token}\n  ${toTry}`);
  say('\nDenials, as they come:');
  follow = makeDenials(say);
  return new Promise(() => {
    // Until Ctrl-C.
  });
};

const isOnPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Until Ctrl-C. */
const issuerAlone = async (scene: Scene): Promise<boolean> => {
  const begun = started(await scene.begin());
  say(`${scene.issuer ?? scene.about}, for a Postern of your own.${begun.where === undefined ? '' : `\n  ${begun.where}`}
  ${begun.token}

A configuration for it, and what becomes of that token:
  ${begun.init}
  cd gate
  postern doctor
  printf %s "$TOKEN" > token && postern explain GET ${begun.opens} --token @token

With \`postern serve\` and \`envoy -c envoy.yaml\` running, the same before your service:
  curl -i -H "${begun.header}" http://127.0.0.1:8000${begun.opens}

Running until you press Ctrl-C.`);
  return new Promise(() => {});
};

const interrupted = new Promise<boolean>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      say('\nEnding.');
      resolve(true);
    });
  }
});

try {
  process.exitCode = (await Promise.race([demo(), interrupted])) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await end();
}
