#!/usr/bin/env node
// The command line.
import {Command} from 'commander';
import {serve} from './commands/serve.ts';
import {validate} from './commands/validate.ts';
import {version} from './version.ts';

const program = new Command('postern')
  .description(
    'Envoy external authorization: who is this, may they, have they bought it, is the session still good now.',
  )
  .version(version)
  .showHelpAfterError();

/** Every command reads the same file. Exit status: 0 done, 1 it could not be done (and why is on standard error). */
const command = (name: string, description: string) =>
  program
    .command(name)
    .description(description)
    .requiredOption('-c, --config <file>', 'the configuration, postern.yaml');

command('serve', 'answer Envoy until SIGTERM').action(serve);
command('validate', 'check the configuration and name every error').action(validate);

await program.parseAsync();
