// Kinde's own SDK, with a session that holds one access token: what it says of the token is what ours is compared with.
import {createKindeServerClient, GrantType, type SessionManager} from '@kinde-oss/kinde-typescript-sdk';

export const kindeSdk = (domain: string, token: string) => {
  const session: SessionManager = {
    getSessionItem: async (item) => (item === 'access_token' ? token : null),
    setSessionItem: async () => {},
    removeSessionItem: async () => {},
    destroySession: async () => {},
  };
  const client = createKindeServerClient(GrantType.AUTHORIZATION_CODE, {
    authDomain: domain,
    clientId: 'spa',
    clientSecret: 'secret',
    redirectURL: 'http://localhost/callback',
    logoutRedirectURL: 'http://localhost',
  });
  return {client, session};
};
