// What the decision log says, a short line each, as it comes.

interface Line {
  readonly message?: unknown;
  readonly time?: unknown;
  readonly reason?: unknown;
  readonly subject?: unknown;
  readonly rule?: unknown;
  readonly method?: unknown;
  readonly path?: unknown;
  readonly detail?: unknown;
}

/** Takes what is logged in pieces of any size; tells each whole line of a decision in words. */
export const makeDenials = (say: (line: string) => void): ((text: string) => void) => {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = lineOf(line);
      if (found?.message === 'decision') say(told(found));
      else if (found !== undefined && /configuration/.test(`${found.message}`)) say(`  ${found.message}`);
    }
  };
};

const lineOf = (line: string): Line | undefined => {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
};

const told = ({time, reason, subject, rule, method, path, detail}: Line): string =>
  [
    `  ${`${time}`.slice(11, 19)}`,
    `${reason}`.padEnd(20),
    `${method} ${path}`,
    rule === undefined ? '' : `rule ${rule}`,
    subject === undefined ? '' : `${subject}`,
    detail === undefined ? '' : `${detail}`,
  ]
    .filter((part) => part !== '')
    .join('  ');
