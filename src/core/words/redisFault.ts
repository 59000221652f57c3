// What Redis answers where it does not do what it was asked, in words that say what to do; its own code stands behind them.

/** By the first word of the answer. */
const sentences: Readonly<Record<string, string>> = {
  OOM: 'it is full and takes no writes: raise its maxmemory, or let it forget more (maxmemory-policy)',
  READONLY: 'it is a replica, which takes no writes: name its master',
  WRONGTYPE: 'a key holds another kind of value: another program writes under the same prefix',
  NOAUTH: 'it wants a password, and the settings give none: set redis.password',
  WRONGPASS: 'it refuses the user name or password of the settings',
  NEWER: 'it holds what a newer Postern has written: update this one',
  MISCONF: 'it cannot write its data to disk, and so takes no writes: look at its own log and disk',
  NOREPLICAS: 'too few of its replicas can be reached, and so it takes no writes: look at them',
  LOADING: 'it is starting, and still reads its data',
  CLUSTERDOWN: 'a part of the cluster has no master: look at its nodes',
  MASTERDOWN: 'it is a replica that has lost its master: look at that',
  BUSY: 'it is held up by a script of somebody',
  CROSSSLOT: 'it does not take keys of several slots at once: name it as `cluster`, not as `url`',
  MOVED: 'it is a node of a cluster: name it as `cluster`, not as `url`',
  EXECABORT: 'it refuses one of several commands',
  UNKILLABLE: 'it is held up by a script of somebody',
  NOSCRIPT: 'it has forgotten a script, and is told again',
};

const codes = new RegExp(`\\b(${[...Object.keys(sentences), 'NOPERM'].join('|')})\\b`);

const printable = (text: string): string => text.replace(/[^ -~]/g, '?');

/** One sentence for the text of an answer that is an error. */
export const replyFault = (text: string): string => {
  const said = text.replace(/^ERR Error running script .*@user_script: ?\d+: /, '');
  const [, code] = codes.exec(said) ?? [];
  if (code === 'NOPERM' || /can't run this command/.test(said)) {
    const [, command] = /'([\w|-]{1,40})' command/.exec(said) ?? [];
    const what = command === undefined ? 'what Postern needs, or use its keys' : command;
    return `its ACL does not let this user run ${what} (NOPERM): allow what docs/operate.md lists`;
  }
  if (code !== undefined) return `${sentences[code]} (${code})`;
  if (/unknown command/i.test(said)) {
    const [, command] = /unknown command[^A-Za-z]*([\w|-]{1,40})/i.exec(said) ?? [];
    return `it does not know the command ${command ?? 'that is needed'}: Redis 6.2 or later is wanted, and no command renamed`;
  }
  return `it refuses a command: ${printable(said.replace(/,? script: .*$/, '')).slice(0, 160)}`;
};

/** The same of an error; one that Redis has not answered is told as it is, for its words are ours. */
export const redisFault = (error: unknown): string => {
  if (!(error instanceof Error)) return 'it failed for no reason that is known';
  return error.name === 'ReplyError' ? replyFault(error.message) : error.message.slice(0, 200);
};
