// Header lines for Envoy's answers.
import type {HeaderValueOption} from './wire.ts';

const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/** Replaces whatever the client sent under this name, or several of them, by this one value. */
export const overwrite = (key: string, value: string): HeaderValueOption => ({
  header: {key, value},
  append_action: OVERWRITE_IF_EXISTS_OR_ADD,
});

/** One line besides the others of its name: the default action, so that two Set-Cookie stay two. */
export const line = (key: string, value: string): HeaderValueOption => ({header: {key, value}});

/** A `Set-Cookie` line. */
export const setCookie = (value: string): HeaderValueOption => line('set-cookie', value);
