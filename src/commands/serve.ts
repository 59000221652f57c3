// postern serve: answers Envoy until it is told to end.
import {startApp} from '../app.ts';
import {formatErrors, loadSettings} from '../config/load.ts';

/**
 * Ends with status 1, every error on standard error and nothing served, if the configuration is bad or a listener cannot
 * be had. SIGTERM and SIGINT drain and end it with status 0; further ones change nothing.
 */
export const serve = async ({config}: {config: string}): Promise<void> => {
  const loaded = await loadSettings(config);
  if (loaded.settings === undefined) {
    process.stderr.write(`${formatErrors(loaded.errors)}\n`);
    process.exitCode = 1;
    return;
  }
  const starting = startApp(config, loaded);
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
  try {
    await starting;
  } catch (error) {
    process.stderr.write(`postern cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
};
