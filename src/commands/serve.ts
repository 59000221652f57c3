// postern serve: answers Envoy until it is told to end.

import {startApp} from '../app.ts';
import {connectionFault} from '../core/words/connectionFault.ts';
import {CommandError, settingsOf} from './settings.ts';

/**
 * Ends with status 1, every error on standard error and nothing served, if the configuration is bad or a listener cannot
 * be had. SIGTERM and SIGINT drain and end it with status 0; further ones change nothing. SIGHUP
 * looks for a changed configuration at once, and ends nothing.
 */
export const serve = async ({config, shadowConfig}: {config: string; shadowConfig?: string}): Promise<void> => {
  outliveSockets();
  const starting = startApp(config, await settingsOf(config), shadowConfig);
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    starting
      .then((app) => app.stop(signal))
      .catch(() => {})
      .finally(() => process.exit());
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  // What fails is told by startApp, and by the one that is waited for below.
  process.on('SIGHUP', () => void starting.then((app) => app.look()).catch(() => {}));
  try {
    await starting;
  } catch (error) {
    throw new CommandError(`postern cannot start: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const ofSockets = /^(connect|read|write|shutdown|getaddrinfo|query\w+)$/;

/**
 * The last net under the libraries: a socket that fails where none of them listens any more costs that connection, which comes
 * back, and not the process. Anything else that is thrown where nobody catches is a bug, and ends it as Node does.
 */
const outliveSockets = (): void => {
  process.on('uncaughtException', (error, origin) => {
    const {syscall} = Object(error) as {readonly syscall?: unknown};
    const isOfSocket = connectionFault(error) !== undefined || (typeof syscall === 'string' && ofSockets.test(syscall));
    const line = {
      level: isOfSocket ? 'error' : 'fatal',
      time: new Date().toISOString(),
      origin,
      err: String(error?.stack),
    };
    const msg = isOfSocket
      ? 'a connection failed where nobody listened for it (a bug); Postern goes on'
      : 'a bug: Postern ends';
    process.stderr.write(`${JSON.stringify({...line, msg})}\n`);
    if (!isOfSocket) process.exit(1);
  });
};
