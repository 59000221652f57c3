// Why a file cannot be read or written, in words that say what to do. Of the system's own words its code alone is told.

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: is it mounted, and is the path right?',
  ENOTDIR: 'a part of its path is no folder: is the path right?',
  EACCES: 'reading it is not permitted: look at its owner and mode, and at those of its folders',
  EPERM: 'reading it is not permitted: look at its owner and mode, and at those of its folders',
  EISDIR: 'it is a folder: name a file in it',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its path is longer than this system allows',
  EMFILE: 'too many files are open in this process: raise its limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk or its network failed',
  ESTALE: 'the network disk has lost it: mount it anew',
  ERR_FS_FILE_TOO_LARGE: 'it is too large to be read at once',
};

/** The `code` of an error of Node or of a library; '' if it has none. */
export const codeOf = (error: unknown): string => {
  const {code} = Object(error) as {readonly code?: unknown};
  return typeof code === 'string' && /^[\w-]{1,64}$/.test(code) ? code : '';
};

/** `cannot be read: why (CODE)`. */
export const readingFault = (error: unknown): string => {
  const code = codeOf(error);
  const sentence = sentences[code];
  const named = code === '' ? '' : ` (${code})`;
  return sentence === undefined ? `cannot be read${named}` : `cannot be read: ${sentence}${named}`;
};

const whileWriting: Readonly<Record<string, string>> = {
  EACCES: 'writing there is not permitted: look at the owner and mode of the file and of its folder',
  EPERM: 'writing there is not permitted: look at the owner and mode of the file and of its folder',
  EEXIST: 'there is something else of that name already',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EROFS: 'what is mounted there is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user may not take more of the disk',
  EFBIG: 'it would be larger than this system allows',
};

/** `cannot be written: why (CODE)`. */
export const writingFault = (error: unknown): string => {
  const code = codeOf(error);
  const sentence = whileWriting[code] ?? sentences[code];
  const named = code === '' ? '' : ` (${code})`;
  return sentence === undefined ? `cannot be written${named}` : `cannot be written: ${sentence}${named}`;
};
