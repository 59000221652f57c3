// Why it cannot be listened on an address, in words that say what to do.

const sentences: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use: stop what listens there, or choose another',
  EACCES: "it may not be used by this user: choose another, for ports below 1024 are the system's",
  EPERM: 'it may not be used by this user: choose another',
  EADDRNOTAVAIL: 'this machine does not have that address: choose one of its own, or 0.0.0.0 or [::] for all',
  EAFNOSUPPORT: 'this machine does not speak that kind of address (IPv4 or IPv6)',
  ENOTFOUND: 'there is no host of this name: write an address',
  EAI_AGAIN: 'the name server does not answer: write an address',
  EINVAL: 'it is no address that can be listened on, or too long a path',
  ENAMETOOLONG: 'the path is too long for a socket',
  ENOENT: 'there is no such folder: make it, or choose another',
  ENOTDIR: 'a part of its path is no folder',
  EROFS: 'the disk is read-only there: choose a folder that can be written to',
  EMFILE: 'too many files are open in this process: raise its limit (ulimit -n)',
};

/** Of an error of Node, or of a library that tells Node's within its own words. */
export const listenFault = (error: unknown): string => {
  const {code, message} = Object(error) as {readonly code?: unknown; readonly message?: unknown};
  const found = [code, ...(typeof message === 'string' ? (message.match(/\bE[A-Z]{3,}(?:_[A-Z]+)?\b/g) ?? []) : [])];
  const known = found.find((one): one is string => typeof one === 'string' && Object.hasOwn(sentences, one));
  if (known !== undefined) return `${sentences[known]} (${known})`;
  const shown = typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? ` (${code})` : '';
  return `the system does not allow it${shown}: choose another`;
};
