// What is found wrong in the settings, and where in them.

/** Keys and indexes from the root down to a setting. */
export type SettingPath = readonly (string | number)[];

/** One thing that is wrong. `at`: whether the key or its value is to be pointed at. */
export interface Finding {
  readonly path: SettingPath;
  readonly at: 'key' | 'value';
  /** What is wrong and what to do, without the setting's own name. */
  readonly message: string;
  /** Of advice: whether it is as bad as an error. Default: a warning. */
  readonly severity?: 'error' | 'warning';
  /** Of a text where something else belongs: what it may be instead. */
  readonly wants?: readonly ('boolean' | 'number')[];
}

/** A key for maps by path. */
export const keyOfPath = (path: SettingPath): string => JSON.stringify(path);

/** `providers[0].audience`, for a person. */
export const pathText = (path: SettingPath): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const shown = /^[\w-]{1,64}$/.test(part) ? part : JSON.stringify(part.slice(0, 64));
    return text === '' ? shown : `${text}.${shown}`;
  }, '');

/** The value at a path; undefined where there is none. Own properties only. */
export const valueAt = (root: unknown, path: SettingPath): unknown => {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
};

/** True if `path` is `prefix` or stands below it. */
export const startsWith = (path: SettingPath, prefix: SettingPath): boolean =>
  prefix.length <= path.length && prefix.every((part, index) => path[index] === part);
