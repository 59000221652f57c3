// Who revokes and takes back: over the admin port of an instance, or by the command line on a machine of its own.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {stringify} from 'yaml';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern} from '../support/postern.ts';
import type {Answer, Event, RevokeEvent, Selector} from './history.ts';
import type {Instance} from './instance.ts';

const steppedClock = fileURLToPath(new URL('steppedClock.mjs', import.meta.url));

export interface OperatorParts {
  readonly now: () => number;
  readonly record: (event: Event) => void;
  /** Of the machine with the command line. */
  readonly settings: object;
  /** Milliseconds for which that machine has a revocation kept. */
  readonly keep: number;
  readonly program: string | undefined;
}

export interface Operator {
  revoke(name: string, selector: Selector, instance: Instance): Promise<RevokeEvent>;
  /** `clock`: by how many milliseconds that of the machine is off. */
  revokeByCommand(name: string, selector: Selector, clock: number): Promise<RevokeEvent>;
  /** Nothing, where the answer to the revocation said no id. */
  remove(of: RevokeEvent, instance: Instance): Promise<void>;
  removeByCommand(of: RevokeEvent, clock: number): Promise<void>;
}

export const makeOperator = ({now, record, settings, keep, program}: OperatorParts): Operator => {
  const folder = temporaryFolder();
  const [file, clockFile] = [join(folder, 'postern.yaml'), join(folder, 'clock')];
  writeFileSync(file, stringify(settings));

  const command = async (args: readonly string[], clock: number): Promise<Answer> => {
    writeFileSync(clockFile, String(clock));
    const env = {NODE_OPTIONS: `--import ${steppedClock}`, POSTERN_TEST_CLOCK: clockFile};
    const {code} = await runPostern([...args, '-c', file], env, program);
    return code === 0 ? 'announced' : 'unknown';
  };

  return {
    async revoke(name, selector, instance) {
      const about = {via: instance.life(), clock: instance.clock(), keep: instance.keep};
      const [start, wall] = [now(), Date.now()];
      const {status, body} = await instance.call('POST', '/revocations', selector);
      const {revocation} = (body ?? {}) as {revocation?: {id?: string}};
      const [end, answered] = [now(), Date.now()];
      const answer = answerOf(status, body);
      const event = {...about, kind: 'revoke', name, selector, id: revocation?.id, start, end, answer} as const;
      record({...event, wall: [wall, answered]});
      return {...event, wall: [wall, answered]};
    },
    async revokeByCommand(name, selector, clock) {
      const flags = Object.entries(selector).flatMap(([key, value]) => [
        {sessionId: '--session', tokenId: '--token-id'}[key] ?? `--${key}`,
        value,
      ]);
      const [start, wall] = [now(), Date.now()];
      const answer = await command(['revoke', ...flags], clock);
      const about = {kind: 'revoke', name, selector, id: undefined, via: 'command', clock, keep} as const;
      const event: RevokeEvent = {...about, start, end: now(), wall: [wall, Date.now()], answer};
      record(event);
      return event;
    },
    async remove(of, instance) {
      if (of.id === undefined || of.answer === 'refused') return;
      const about = {kind: 'remove', of: of.name, via: instance.life(), clock: instance.clock(), start: now()} as const;
      const {status, body} = await instance.call('DELETE', `/revocations/${of.id}`);
      record({...about, end: now(), answer: answerOf(status, body)});
    },
    async removeByCommand(of, clock) {
      if (of.id === undefined || of.answer === 'refused') return;
      const about = {kind: 'remove', of: of.name, via: 'command', clock, start: now()} as const;
      const answer = await command(['revocations', 'remove', of.id], clock);
      record({...about, end: now(), answer});
    },
  };
};

const answerOf = (status: number, body: unknown): Answer => {
  const {announced} = (body ?? {}) as {announced?: boolean};
  if (status === 200 && announced === true) return 'announced';
  if (status === 202 && announced === false) return 'kept';
  return status >= 400 && status < 500 ? 'refused' : 'unknown';
};
