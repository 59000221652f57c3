// examples/frontier.yaml before a small server that answers as the vendor does.
import {randomUUID} from 'node:crypto';
import {cookieKeys, own as frontierOwn, type Subject, startFrontier} from '../../../test/support/vendors/frontier.ts';
import type {Row} from '../rows.ts';
import type {Scene} from '../scene.ts';
import {bearer, hour} from './tokens.ts';

export const frontier: Scene = {
  file: 'frontier.yaml',
  about: 'A stand-in for Raystack Frontier',
  async begin() {
    const cloud = await startFrontier('connect');
    const [session, disabled] = [randomUUID(), randomUUID()];
    const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['acme']};
    const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['acme']};
    cloud.sessions.set(session, ada).set(disabled, {...ada, disabled: true});
    cloud.secrets.set('ci:secret', robot);
    cloud.relations.add(`${ada.id} get app/project:p1`);
    cloud.features.add('acme reports');
    const basic = {headers: [['authorization', `Basic ${Buffer.from('ci:secret').toString('base64')}`]] as const};
    const sid = (value: string) => ({headers: [['cookie', `sid=${cloud.cookie(value)}`]] as const});
    const identity = `${ada.id} of acme`;
    const token = await cloud.token(ada, {exp: hour()});
    const rows: Row[] = [
      {title: 'public path', path: '/healthz', status: 200},
      {title: 'nobody', path: '/me', status: 401, reason: 'unauthenticated'},
      {title: 'a session', path: '/me', ...sid(session), status: 200, identity},
      {title: 'an access token', path: '/me', token, status: 200, identity},
      {title: 'a session that is over', path: '/me', ...sid(randomUUID()), status: 401, reason: 'unauthenticated'},
      {title: 'someone switched off', path: '/me', ...sid(disabled), status: 404, reason: 'not_found'},
      {title: 'Frontier says yes', path: '/projects/p1', ...sid(session), status: 200, identity},
      {title: 'Frontier says no', path: '/projects/p2', ...sid(session), status: 403, reason: 'permission_denied'},
      {
        title: 'read, but not changed',
        method: 'POST',
        path: '/projects/p1',
        ...sid(session),
        status: 403,
        reason: 'permission_denied',
      },
      {
        title: 'a service user by its secret',
        method: 'POST',
        path: '/orgs/acme/import',
        ...basic,
        status: 200,
        identity: `${robot.id} of acme`,
      },
      {
        title: 'a person in its place',
        method: 'POST',
        path: '/orgs/acme/import',
        ...sid(session),
        status: 403,
        reason: 'permission_denied',
      },
      {title: 'reports, bought', path: '/orgs/acme/reports', ...sid(session), status: 200, identity},
      {title: "another's", path: '/orgs/tiny/reports', ...sid(session), status: 403, reason: 'permission_denied'},
      {title: 'nothing opens this', path: '/else', ...sid(session), status: 403, reason: 'permission_denied'},
    ];
    return {
      env: {
        FRONTIER_URL: cloud.url,
        FRONTIER_API: 'connect',
        FRONTIER_HASH_KEY: cookieKeys.hashKey,
        FRONTIER_BLOCK_KEY: cookieKeys.blockKey,
        FRONTIER_CLIENT_ID: frontierOwn.clientId,
        FRONTIER_CLIENT_SECRET: frontierOwn.clientSecret,
      },
      settings: [],
      rows,
      token: `TOKEN=${token}`,
      ...bearer,
      init: `postern init gate --provider frontier --url ${cloud.url} --client-id ${frontierOwn.clientId} && printf %s '${frontierOwn.clientSecret}' > gate/secrets/frontier-client-secret`,
      path: '/projects/p1',
      opens: '/orgs/acme/orders/1',
      stop: cloud.close,
    };
  },
};
