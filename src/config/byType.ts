// A choice by `type`, as JSON Schema's if and then: an editor and Helm then tell of the one branch that is meant.
import {isObject} from '../core/isObject.ts';

type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json};

/** The `type` that a branch is for; undefined: it is none of those. */
const typeOf = (branch: Json): string | undefined => {
  const type = isObject(branch) && isObject(branch.properties) ? branch.properties.type : undefined;
  return isObject(type) && typeof type.const === 'string' ? type.const : undefined;
};

/**
 * The schema with each `oneOf` whose branches are told apart by `type` written as `if` and `then`. With `oneOf` one wrong
 * letter is a failure of every branch, and a reader must find the one that was meant.
 */
export const byType = (node: Json): Json => {
  if (Array.isArray(node)) return node.map(byType);
  if (!isObject(node)) return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, byType(value)]));
  const {oneOf, ...rest} = inner;
  const branches = Array.isArray(oneOf) ? oneOf : [];
  const types = branches.map(typeOf);
  if (types.length === 0 || types.includes(undefined)) return inner;
  return {
    ...rest,
    type: 'object',
    required: ['type'],
    properties: {type: {enum: types as string[], description: descriptionsOf(branches)}},
    allOf: branches.map((branch, at) => ({
      if: {properties: {type: {const: types[at] as string}}, required: ['type']},
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: branch,
    })),
  };
};

const descriptionsOf = (branches: readonly Json[]): string =>
  branches
    .map((branch) => {
      const {type} = (branch as {properties: {type: {const: string; description?: string}}}).properties;
      return type.description === undefined ? type.const : `${type.const}: ${type.description}`;
    })
    .join('\n');
