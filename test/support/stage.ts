// The whole way of a request on one stage: identity provider, echo service, Postern, Envoy.
import {type Echo, startEcho} from './echo.ts';
import {makeEndings} from './endings.ts';
import {type Envoy, type EnvoyOptions, startEnvoy} from './envoy.ts';
import {type Answer, send} from './http.ts';
import {type IdentityProvider, type People, startIdentityProvider} from './identityProvider.ts';
import {type Postern, type PosternOptions, startPostern} from './postern.ts';

type Settings = Readonly<Record<string, unknown>>;

export interface StageOptions {
  /** Settings of Postern; `providers` is the stage's own (`acme`) unless given. */
  readonly settings: Settings | ((issuer: string) => Settings);
  readonly people?: People;
  readonly postern?: PosternOptions;
  readonly envoy?: Omit<EnvoyOptions, 'checkAddress' | 'upstream'>;
}

/** A request as a test writes it: `{path, token}`. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

export interface Stage {
  readonly identityProvider: IdentityProvider;
  readonly echo: Echo;
  readonly postern: Postern;
  readonly envoy: Envoy;
  /** Sends it through Envoy. */
  ask(asked: Asked): Promise<Answer>;
  /** Another Envoy before the same Postern and service; ends with the stage. */
  another(options: Omit<EnvoyOptions, 'checkAddress' | 'upstream'>): Promise<Envoy>;
  stop(): Promise<void>;
}

/** The people of most tests. */
export const people: People = {
  alice: {org_id: 'acme', roles: ['admin'], permissions: ['orders.read']},
  bob: {org_id: 'acme', roles: ['viewer']},
};

/** The provider of most tests, named `acme`. */
export const acme = (issuer: string) => ({
  name: 'acme',
  type: 'oidc',
  issuer,
  audience: ['orders-api'],
  claims: {tenant: 'org_id'},
});

/** Sends a request to a port as a client with a bearer token would. */
export const askPort = (port: number, {method = 'GET', path, token, headers = [], body}: Asked): Promise<Answer> =>
  send({
    port,
    method,
    path,
    headers: token === undefined ? headers : [['authorization', `Bearer ${token}`], ...headers],
    ...(body !== undefined && {body}),
  });

/** Starts all four. Rejects with ToolMissing where there is no Envoy; what had been started is ended then. */
export const startStage = async (options: StageOptions): Promise<Stage> => {
  const {keep, end: stop} = makeEndings();
  try {
    const identityProvider = keep(
      await startIdentityProvider({people: options.people ?? people, audience: 'orders-api'}),
    );
    const echo = keep(await startEcho());
    const {settings} = options;
    const given = typeof settings === 'function' ? settings(identityProvider.issuer) : settings;
    const postern = keep(await startPostern({providers: [acme(identityProvider.issuer)], ...given}, options.postern));
    const another: Stage['another'] = async (envoyOptions) =>
      keep(await startEnvoy({...envoyOptions, checkAddress: postern.address, upstream: echo}));
    const envoy = await another(options.envoy ?? {});
    return {identityProvider, echo, postern, envoy, another, stop, ask: (asked) => askPort(envoy.port, asked)};
  } catch (error) {
    await stop();
    throw error;
  }
};
