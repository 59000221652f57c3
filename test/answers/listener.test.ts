// The port of the answers, when an authority of client certificates is gone: who was let in by it goes.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import type {ServerResponse} from 'node:http';
import {Agent, request} from 'node:https';
import {connect} from 'node:net';
import {makeListener} from '../../src/answers/listener.ts';
import {makeAuthority, makeCertificate} from '../envoy/certificatesFor.ts';
import {temporaryFolder} from '../support/ports.ts';

describe('the listener of the answers', () => {
  const folder = temporaryFolder();
  const [ca, clients, others] = ['ca', 'clients', 'others'].map((name) => readFileSync(makeAuthority(folder, name)));
  const pairOf = (authority: string, name: string) => {
    const {cert, key} = makeCertificate(folder, authority, name);
    return {cert: readFileSync(cert), key: readFileSync(key)};
  };
  const server = pairOf('ca', 'server');
  const client = pairOf('clients', 'client');
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const started = async () => {
    const held: ServerResponse[] = [];
    let renew: (authorityGone: boolean) => void = () => {};
    const listener = makeListener(
      {
        settings: {
          listen: {kind: 'tcp', host: '127.0.0.1', port: 0},
          tls: {cert: 'server.crt', key: 'server.key', clientCa: 'clients.crt'},
        },
        certificates: async (renewed) => {
          renew = (authorityGone) => renewed({...server, ca: authorityGone ? others : clients}, {authorityGone});
          return {first: {...server, ca: clients}, health: () => ({part: 'x', state: 'ready'}), close: () => {}};
        },
        limited: () => {},
      },
      ({url}, response) => {
        if (url === '/held') held.push(response);
        else response.end('yes');
      },
    );
    ends.push(() => listener.close());
    const port = Number(new URL(await listener.start()).port);
    const agent = new Agent({keepAlive: true, maxSockets: 1, ca, ...client});
    ends.push(() => agent.destroy());
    const ask = (path = '/', through: Agent | false = agent) =>
      new Promise<{text: string; connection: string | undefined}>((resolve, reject) => {
        const asked = request({host: '127.0.0.1', port, path, agent: through, ca, ...client}, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (more) => {
            text += more;
          });
          response.on('end', () => resolve({text, connection: response.headers.connection}));
        });
        asked.on('error', reject).end();
      });
    return {port, ask, held, agent, renew: (gone: boolean) => renew(gone)};
  };

  it('idle connections and handshakes under way are closed, and no session is taken up again', async () => {
    const {port, ask, renew} = await started();
    assert.equal((await ask()).text, 'yes');
    const begun = connect({host: '127.0.0.1', port}).on('error', () => {});
    await once(begun, 'connect');
    begun.resume();
    // So that the server has heard of it.
    assert.equal((await ask()).text, 'yes');
    renew(true);
    await once(begun, 'close');
    await assert.rejects(ask());
    await assert.rejects(ask('/', false));
  });

  it('who is being answered gets the answer, and no other', async () => {
    const {ask, renew, held} = await started();
    const asked = ask('/held');
    for (let left = 500; left > 0 && held.length === 0; left--) await new Promise((resolve) => setTimeout(resolve, 10));
    renew(true);
    held[0]?.end('late');
    assert.deepEqual(await asked, {text: 'late', connection: 'close'});
    await assert.rejects(ask());
  });

  it('another certificate of the server takes nothing from anybody', async () => {
    const {ask, renew, agent} = await started();
    await ask();
    const before = Object.values(agent.freeSockets)[0]?.[0];
    renew(false);
    await ask();
    assert.ok(before !== undefined && Object.values(agent.freeSockets)[0]?.[0] === before);
  });
});
