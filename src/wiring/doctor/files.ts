// Until when the certificates are good that the settings name.
import {X509Certificate} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import type {Settings} from '../../config/schema.ts';
import type {Trial} from '../../core/trial.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {readingFault} from '../../core/words/fileFault.ts';
import type {TrustFiles} from '../../remote/trust.ts';
import {clocks} from '../clocks.ts';
import {trustOf} from '../providers.ts';
import type {Named} from './trials.ts';

export const fileTrials = ({server, answers, redis, remote, providers, entitlements}: Settings): readonly Named[] => {
  const trusted = (at: string, {ca, clientCertificate}: TrustFiles) => ({
    [`${at}.clientCertificate.cert`]: clientCertificate?.cert,
    [`${at}.ca`]: ca,
  });
  const files: Readonly<Record<string, string | undefined>> = {
    'server.tls.cert': server.tls?.cert,
    'server.tls.clientCa': server.tls?.clientCa,
    'answers.tls.cert': answers?.tls?.cert,
    'answers.tls.clientCa': answers?.tls?.clientCa,
    'redis.tls.cert': redis?.tls?.cert,
    'redis.tls.ca': redis?.tls?.ca,
    'remote.ca': remote.ca,
    ...Object.assign({}, ...providers.map((one) => trusted(one.name, trustOf(one)))),
    ...(entitlements && trusted('entitlements.source', trustOf(entitlements.source))),
  };
  return Object.entries(files).flatMap(([part, file]) =>
    file === undefined ? [] : [{part, trial: certificateTrial(file, part.endsWith('.cert'))}],
  );
};

const day = 86_400_000;
/** Days before its end at which a certificate should have been renewed. */
const soon = 14;

const certificateTrial = (file: string, isChain: boolean): Trial => ({
  what: 'certificate',
  async run() {
    const fail = (what: string): never => {
      throw new Unavailable(file, new Error(`${file} ${what}`));
    };
    const text = await readFile(file, 'utf8').catch((error: unknown) => fail(readingFault(error)));
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? fail('holds none');
    const ends = blocks.map((block) => {
      try {
        return Date.parse(new X509Certificate(block).validTo);
      } catch {
        return fail('holds one that cannot be read');
      }
    });
    // Of a chain the first that ends ends it all; of authorities, others may be left.
    const end = isChain ? Math.min(...ends) : Math.max(...ends);
    const shown = new Date(end).toISOString().slice(0, 10);
    const left = Math.floor((end - clocks.now()) / day);
    if (left < 0) return fail(`has expired on ${shown}: renew it`);
    if (left < soon) return {found: `${file} expires on ${shown}, in ${left} days: renew it`, doubt: true};
    return {found: `${file} is good until ${shown}`};
  },
});
