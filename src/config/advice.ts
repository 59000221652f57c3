// What is allowed and yet hardly meant: a little of it where requests wait, all of it where somebody asks.
import {sourceTells, traitsOf} from '../vendors/index.ts';
import {type Finding, keyOfPath, type SettingPath} from './findings.ts';
import {providerWarnings} from './neverAsked.ts';
import {literals} from './review/literals.ts';
import {meanings} from './review/meanings.ts';
import {neverReached} from './review/neverReached.ts';
import {openings} from './review/openings.ts';
import {trusted} from './review/trusted.ts';
import type {Reviewed} from './reviewed.ts';
import type {Settings} from './schema.ts';
import {tenantWarnings} from './tenantWarnings.ts';
import {trustWarnings} from './trustWarnings.ts';
import {untold} from './untold.ts';

/** What only the file itself shows. */
export interface Written {
  /** Where secrets are written out. */
  secrets(): readonly SettingPath[];
  /** Texts that are variables elsewhere: `$NAME`. */
  foreignVariables(): readonly SettingPath[];
}

/** Looks at checked settings; paths are those of the file. */
export type Advise = (settings: Settings, written: Written) => readonly Finding[] | Promise<readonly Finding[]>;

const reviewed = (provider: Settings['providers'][number]): Reviewed => ({...provider, traits: traitsOf(provider)});

/** For the log of a process that serves: whom the settings trust without saying so, and what can never come. */
export const servingAdvice = (settings: Settings): readonly Finding[] => [
  ...trustWarnings(settings.providers.map(reviewed), settings.redis, settings.state),
  ...untold(settings, sourceTells),
];

/** For `postern validate`: all that a reviewer would say. */
export const review = (settings: Settings): readonly Finding[] => {
  const {rules, paths} = settings;
  const providers = settings.providers.map(reviewed);
  return [
    ...servingAdvice(settings),
    ...trusted(settings),
    ...tenantWarnings(providers, rules),
    ...providerWarnings(providers, rules),
    ...rules.flatMap((rule, index) => [...literals(rule, index), ...meanings(rule, index, providers)]),
    ...neverReached(rules, paths),
    ...openings(rules, paths),
  ];
};

/** For `postern validate`, too: secrets that stand in the file itself, and variables that are none here. */
export const asWritten = (written: Written): readonly Finding[] => {
  const secrets = written.secrets();
  const known = new Set(secrets.map(keyOfPath));
  const others = written.foreignVariables().filter((path) => !known.has(keyOfPath(path)));
  return [
    ...secrets.map((path) => ({
      path,
      at: 'value' as const,
      message:
        'is a secret that is written out, for whoever reads this file: write ${NAME}, of the environment, or ${file:/path}',
    })),
    ...others.map((path) => ({path, at: 'value' as const, message: 'is taken as it stands'})),
  ];
};
