// A running Postern, asked on its admin port.
import type {Settings} from '../config/schema.ts';
import {printable} from '../observe/redact.ts';
import {makeRemote} from '../remote/client.ts';
import {CommandError} from './settings.ts';

const patience = 5_000;

/** The JSON that it answers. Throws CommandError with what it said, or with why it could not be asked. */
export const adminCall = async (
  {listen, token}: Settings['admin'],
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> => {
  if (token === undefined) {
    throw new CommandError(
      `this asks the running process on its admin port, which needs \`admin.token\`: write a long random text to a file (openssl rand -base64 32 > admin-token) and name it under \`admin\`: token: \${file:admin-token}${path.startsWith('/revocations') || path.endsWith('/drop') ? '; or set `redis`' : ''}`,
    );
  }
  if (listen.kind === 'unix') throw new CommandError('the admin port is a Unix socket: ask it with curl --unix-socket');
  const everywhere = listen.host === '0.0.0.0' || listen.host === '::';
  const host = everywhere ? '127.0.0.1' : listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  const url = `http://${host}:${listen.port}${path}`;
  const remote = makeRemote({
    now: Date.now,
    random: Math.random,
    observer: {called: () => {}, circuit: () => {}},
  });
  try {
    const headers = {authorization: `Bearer ${token[0]}`, 'content-type': 'application/json'};
    const request = {method, url, headers, ...(body && {body: JSON.stringify(body)})};
    const answer = await remote.call('admin', request, Date.now() + patience);
    if (answer.status < 300) return JSON.parse(answer.body);
    throw new CommandError(`${url} answered ${answer.status}: ${saidIn(answer.body)}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot ask ${url}: ${(error as Error).message}; is Postern running?`);
  } finally {
    await remote.close();
  }
};

/** The sentence of a refusal, or the whole of it. */
const saidIn = (body: string): string => {
  try {
    const {detail} = JSON.parse(body) as {detail?: unknown};
    if (typeof detail === 'string') return detail;
  } catch {
    // then it is shown as it is
  }
  return printable(body.trim(), 512);
};
