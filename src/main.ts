#!/usr/bin/env node
// What is started first, by whichever Node there is: one that is too old gets a sentence, all others the command line. So this
// file says nothing that an old Node cannot read, and imports nothing before it has looked.

/** As `engines` of package.json. */
const oldest = [22, 19] as const;

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    'postern needs Node ' +
      oldest.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a newer one (https://nodejs.org), or start this by the one that you have: /path/to/node ' +
      process.argv[1] +
      '\n',
  );
  process.exit(1);
}
void import('./launch.ts').then(({relaunched}) => {
  if (process.argv[2] === 'serve') relaunched(process);
  return import('./commands/run.ts');
});

export {};
