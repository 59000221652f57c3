// A small client of the Kubernetes API: it calls, and it watches.
import {Agent, request} from 'node:https';

// biome-ignore lint/suspicious/noExplicitAny: whatever the API holds; a test looks into it
export type Resource = any;

export interface Api {
  /** Answers the body; rejects with what the server says, its status first. */
  call(method: string, path: string, body?: object): Promise<Resource>;
  /** Every resource of a list as it is now and as it changes, until it is stopped. */
  watch(path: string, onChange: (type: 'ADDED' | 'MODIFIED' | 'DELETED', resource: Resource) => void): () => void;
  close(): void;
}

export interface Access {
  readonly port: number;
  readonly token: string;
  readonly ca: string;
}

/** A patch is a merge patch. */
const typeOf = (method: string) => (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');

export const makeApi = ({port, token, ca}: Access): Api => {
  const agent = new Agent({keepAlive: true, ca});
  const send = (method: string, path: string) =>
    request({
      agent,
      method,
      path,
      host: '127.0.0.1',
      port,
      headers: {authorization: `Bearer ${token}`, 'content-type': typeOf(method), accept: 'application/json'},
    });

  const call: Api['call'] = (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = send(method, path).once('error', reject);
      sent.once('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.once('error', reject).once('end', () => {
          const {statusCode = 0} = answer;
          if (statusCode < 300) resolve(JSON.parse(text));
          else reject(new Error(`${statusCode} ${method} ${path}: ${text.slice(0, 500)}`));
        });
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const watch: Api['watch'] = (path, onChange) => {
    const withQuery = (query: string) => `${path}${path.includes('?') ? '&' : '?'}${query}`;
    let isOver = false;
    let current: ReturnType<typeof send> | undefined;
    const follow = async (): Promise<void> => {
      const list = await call('GET', path);
      for (const item of list.items) onChange('ADDED', item);
      let from: string = list.metadata.resourceVersion;
      while (!isOver) {
        await new Promise<void>((resolve) => {
          current = send('GET', withQuery(`watch=1&resourceVersion=${from}`)).once('error', () => resolve());
          current.once('response', (answer) => {
            let rest = '';
            answer.once('close', resolve).setEncoding('utf8');
            answer.on('data', (chunk: string) => {
              const lines = (rest + chunk).split('\n');
              rest = lines.pop() ?? '';
              for (const line of lines.filter(Boolean)) {
                const {type, object} = JSON.parse(line);
                from = object.metadata?.resourceVersion ?? from;
                if (!isOver) onChange(type, object);
              }
            });
          });
          current.end();
        });
      }
    };
    follow().catch((error) => {
      if (!isOver) throw error;
    });
    return () => {
      isOver = true;
      current?.destroy();
    };
  };

  return {call, watch, close: () => agent.destroy()};
};
