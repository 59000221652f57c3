// A running program that answers the application, and OpenFeature's SDK as a service that it trusts.
import {OFREPProvider} from '@openfeature/ofrep-provider';
import {type Client, OpenFeature} from '@openfeature/server-sdk';
import {freePort} from '../support/ports.ts';
import {type Postern, type PosternOptions, startPostern} from '../support/postern.ts';

/** The token of that service. */
export const trusted = 'a-secret-of-the-application';

export interface Answering {
  readonly postern: Postern;
  /** Where the application asks. */
  readonly url: string;
  readonly client: Client;
}

/** Whoever starts it stops `postern`, and closes OpenFeature. */
export const startAnswering = async (settings: object, options?: PosternOptions): Promise<Answering> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const answers = {listen: `127.0.0.1:${port}`, trust: {token: trusted}};
  const postern = await startPostern({answers, ...settings}, options);
  const domain = `at-${port}`;
  const headers: [string, string][] = [['Authorization', `Bearer ${trusted}`]];
  await OpenFeature.setProviderAndWait(domain, new OFREPProvider({baseUrl: url, headers}));
  return {postern, url, client: OpenFeature.getClient(domain)};
};
