// What went wrong with a command, in the words of Redis that an operator knows.

const codes = /\b(?:OOM|READONLY|WRONGTYPE|NOPERM|NOAUTH|NEWER|MISCONF|NOREPLICAS|LOADING|CLUSTERDOWN|MASTERDOWN)\b.*/;

/** One sentence. A script's error begins with where in the script it happened: left out. */
export const faultOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : 'unknown trouble';
  const said = message.replace(/^ERR Error running script .*@user_script: ?\d+: /, '');
  const [known = said] = codes.exec(said) ?? [];
  return known.replace(/,? script: .*$/, '').slice(0, 200);
};
