// npm run demo: Postern between a real Envoy and a service, and what becomes of a dozen telling requests.
// `--once` ends after the table; otherwise everything stays up until Ctrl-C.
import {readFileSync} from 'node:fs';
import {parseDocument} from 'yaml';
import {obtain} from '../../scripts/tools.ts';
import {startEcho} from '../../test/support/echo.ts';
import {startEnvoy} from '../../test/support/envoy.ts';
import {startIdentityProvider, tokenRequest} from '../../test/support/identityProvider.ts';
import {freePort} from '../../test/support/ports.ts';
import {startPostern} from '../../test/support/postern.ts';
import {endAll} from '../../test/support/processes.ts';
import {makeRows, people} from './rows.ts';
import {askPostern, type Outcome, sendThroughEnvoy} from './send.ts';
import {asExpected, printTable} from './table.ts';

const example = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
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

/** examples/postern.yaml as it is, but for ports that are taken on this machine. */
const configuration = async (issuer: string): Promise<string> => {
  const document = parseDocument(example('postern.yaml'));
  document.setIn(['providers', 0, 'issuer'], issuer);
  document.setIn(['server', 'listen'], `127.0.0.1:${await freePort(9191)}`);
  document.setIn(['admin', 'listen'], `127.0.0.1:${await freePort(9190)}`);
  return document.toString();
};

const demo = async (): Promise<boolean> => {
  say('An identity provider (oidc-provider), a service that echoes what it receives, Postern, and Envoy in front.\n');
  const identityProvider = started(
    await startIdentityProvider({people, audience: 'orders-api', port: await freePort(9180)}),
  );
  const echo = started(await startEcho({port: await freePort(9280)}));
  const postern = started(
    await startPostern(await configuration(identityProvider.issuer), {
      files: {'entitlements.yaml': example('entitlements.yaml')},
    }),
  );
  const tool = await obtain('envoy');
  const envoy =
    tool.missing === undefined
      ? started(
          await startEnvoy({
            checkAddress: postern.address,
            upstream: echo,
            port: await freePort(10_000),
            adminPort: await freePort(9901),
          }),
        )
      : undefined;
  if (tool.missing !== undefined) {
    say(`${tool.missing}\nSo there is no Envoy here: Postern is asked over gRPC what Envoy would ask it.\n`);
  }

  const rows = await makeRows(identityProvider);
  const send = envoy === undefined ? askPostern(postern.address) : sendThroughEnvoy(envoy.port);
  const outcomes: Outcome[] = [];
  for (const row of rows) outcomes.push(await send(row));
  printTable(rows, outcomes, say);
  const isGood = rows.every((row, at) => asExpected(row, outcomes[at] as Outcome));
  say(isGood ? '\nEvery row is as it should be.' : '\nThe rows marked with ✗ are not as they should be.');
  if (!isGood) say(`\nWhat Postern logged:\n${postern.logs().slice(-4_000)}`);

  if (process.argv.includes('--once')) return isGood;
  say(`
Still running until you press Ctrl-C:
  service behind Envoy   ${envoy === undefined ? '(no Envoy)' : `http://127.0.0.1:${envoy.port}`}
  metrics and readiness  ${postern.adminUrl}/metrics   ${postern.adminUrl}/readyz
  identity provider      ${identityProvider.issuer}   people: ${Object.keys(people).join(', ')}
  settings               examples/postern.yaml, examples/entitlements.yaml`);
  if (envoy !== undefined) {
    say(`
Try it:
  TOKEN=$(curl -s ${tokenRequest(identityProvider.issuer, 'alice')} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:${envoy.port}/orgs/acme/orders`);
  }
  return new Promise(() => {
    // Until Ctrl-C.
  });
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
