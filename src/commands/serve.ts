// postern serve: answers Envoy until it is told to end.
import {startApp} from '../app.ts';
import {CommandError, settingsOf} from './settings.ts';

/**
 * Ends with status 1, every error on standard error and nothing served, if the configuration is bad or a listener cannot
 * be had. SIGTERM and SIGINT drain and end it with status 0; further ones change nothing. SIGHUP
 * looks for a changed configuration at once, and ends nothing.
 */
export const serve = async ({config}: {config: string}): Promise<void> => {
  const starting = startApp(config, await settingsOf(config));
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
