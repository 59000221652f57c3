// All files that `postern init` writes, by their names.
import {randomBytes} from 'node:crypto';
import {apiKeyOf, secretBytes} from '../../providers/apiKeysForm.ts';
import type {Answers, Choice} from '../../vendors/choice.ts';
import {CommandError} from '../settings.ts';
import {envoyOf, upstreamOf} from './envoy.ts';
import {upstream} from './questions.ts';
import {casesOf, configurationOf, entitlementsOf} from './templates.ts';
import type {Files} from './write.ts';

/** What nobody is asked for: a first API key, and the token of the admin port. */
export const made = (): Answers => ({
  key: apiKeyOf('first', randomBytes(secretBytes)),
  token: randomBytes(24).toString('base64url'),
});

/** `answers` to every question of the choice, and what is made. */
export const filesOf = (choice: Choice, answers: Answers): Files => {
  const to = upstreamOf(answers.upstream ?? '');
  if (to === undefined) throw new CommandError(`--upstream: ${upstream.fault?.(answers.upstream ?? '')}`);
  return {
    'entitlements.yaml': {content: entitlementsOf(choice)},
    'cases.yaml': {content: casesOf(choice, answers)},
    'envoy.yaml': {content: envoyOf(to)},
    'secrets/.gitignore': {content: '*\n'},
    'secrets/admin-token': {content: `${answers.token}\n`, secret: true},
    ...choice.files?.(answers),
    // Last: whoever finds it finds the rest.
    'postern.yaml': {content: configurationOf(choice, answers)},
  };
};
