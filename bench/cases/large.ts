// Requests that are larger than usual: headers, cookies, permissions.
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';
import {bearer, tokensOf} from '../support/workload.ts';

const large = 10_000;
const permissions = 500;

/** As a site has them that has grown: forty names, of which the last is looked for. */
const cookies = (token: string): string =>
  [...Array.from({length: 40}, (_, at) => `preference_${at}=${'v'.repeat(150)}`), `access_token=${token}`].join('; ');

export const largeRequests: Case = {
  what: '10 kB of headers, 10 kB of which most are cookies, and 500 permissions, each beside the usual 1.9 kB',
  async measure(stage) {
    const [provider] = stage.usual.providers;
    const credentials = [{header: 'authorization', scheme: 'Bearer'}, {cookie: 'access_token'}];
    const server = await stage.postern({...stage.usual, providers: [{...provider, credentials}]});
    const [token = ''] = await tokensOf(stage.identityProvider, 1);
    const many = Array.from({length: permissions - 1}, (_, at) => `p${at}.read`);
    const [permitted = ''] = await tokensOf(stage.identityProvider, 1, () => ({permissions: [...many, 'orders.read']}));
    const headers = Object.fromEntries(Array.from({length: 30}, (_, at) => [`x-header-${at}`, 'v'.repeat(250)]));
    return beside(stage, {
      'the usual 1.9 kB': {server, messages: await stage.checks([{headers: bearer(token)}])},
      '10 kB of headers': {server, messages: await stage.checks([{headers: {...bearer(token), ...headers}}], large)},
      '10 kB, the token in the last of 41 cookies': {
        server,
        messages: await stage.checks([{headers: {cookie: cookies(token)}}], large),
      },
      '500 permissions': {server, messages: await stage.checks([{headers: bearer(permitted)}])},
    });
  },
};
