// Variables as others write them, which are plain text here: `$NAME`, `$(NAME)`, `%NAME%`.
import type {SettingPath} from './findings.ts';

/** As a shell, a Kubernetes manifest or a Windows prompt has it. */
const form = /^(?:\$([A-Z_][A-Z0-9_]*)|\$\(([A-Z_][A-Z0-9_]*)\)|%([A-Z_][A-Z0-9_]*)%)$/;

/** The name, if `value` is such a variable and nothing else. */
export const foreignVariable = (value: unknown): string | undefined =>
  typeof value === 'string' ? form.exec(value)?.slice(1).find(Boolean) : undefined;

/** Where they stand in a tree of settings. */
export const foreignVariables = (value: unknown, path: SettingPath = []): readonly SettingPath[] => {
  if (foreignVariable(value) !== undefined) return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => foreignVariables(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => foreignVariables(child, [...path, key]));
};
