// The files that a configuration names, read as serve reads them.
import {X509Certificate} from 'node:crypto';
import {constants} from 'node:fs';
import {access, readFile, stat} from 'node:fs/promises';
import {createSecureContext} from 'node:tls';
import {compileCondition} from '../../conditions/condition.ts';
import type {Finding, SettingPath} from '../../config/findings.ts';
import type {Settings} from '../../config/schema.ts';
import {elsewhere} from '../../config/untold.ts';
import {measureOf} from '../../core/entitlement/amounts.ts';
import type {Snapshot, Terms} from '../../core/entitlement/entitlement.ts';
import {type TlsFiles, tlsFault} from '../../core/tlsFiles.ts';
import {codeOf, readingFault} from '../../core/words/fileFault.ts';
import {suggestion} from '../../core/words/nearest.ts';
import {
  howToSell,
  lackOf,
  unsoldPermissions,
  unsoundHead,
  unsuppliedAttributes,
  type Wanted,
} from '../../entitlements/sound.ts';
import {readText} from '../../entitlements/text.ts';
import {readKeyFile} from '../../providers/keyFile.ts';
import type {TrustFiles} from '../../remote/trust.ts';
import {lookupTypes, sourceTells} from '../../vendors/index.ts';
import {askedBy, toldBy} from '../../wiring/entitlements/entitlements.ts';
import {trustOf} from '../../wiring/providers.ts';

const finding = (path: SettingPath, message: string, severity: 'error' | 'warning'): Finding => ({
  path,
  at: 'value',
  message,
  severity,
});

/** What is wrong with them. One that is absent is a warning: on the machine that checks, it may rightly be. */
export const namedFiles = async (settings: Settings): Promise<readonly Finding[]> => {
  const {server, answers, remote, redis, providers, entitlements} = settings;
  const source = entitlements?.source;
  const found = await Promise.all([
    certificates(['server', 'tls'], {...server.tls, ca: server.tls?.clientCa}, {ca: ['clientCa']}),
    certificates(['answers', 'tls'], {...answers?.tls, ca: answers?.tls?.clientCa}, {ca: ['clientCa']}),
    certificates(['redis', 'tls'], redis?.tls ?? {}),
    certificates(['remote'], {ca: remote.ca}),
    ...providers.map((provider, index) => trusted(['providers', index], trustOf(provider))),
    source === undefined ? [] : trusted(['entitlements', 'source'], trustOf(source)),
    ...providers.map(async (provider, index) => {
      if (provider.type !== 'apiKeys') return [];
      const path: SettingPath = ['providers', index, 'file'];
      const read = await content(path, provider.file);
      if ('missing' in read) return [read.missing];
      const {faults = []} = readKeyFile(read.bytes.toString('utf8'), provider.name);
      return faults.map((fault) => finding(path, `${provider.file}:${fault}`, 'error'));
    }),
    stateFolder(settings.state?.dir),
    source?.type === 'file' ? entitlementFile(settings, source.path) : [],
    source !== undefined && lookupTypes.includes(source.type) ? unsold(settings, new Map()) : [],
    source !== undefined && !sourceTells(source.type).values ? untoldValues(settings, source.type) : [],
  ]);
  return found.flat();
};

/** One that is not there is made by the start. */
const stateFolder = async (dir: string | undefined): Promise<readonly Finding[]> => {
  const there = dir === undefined ? undefined : await stat(dir).catch(() => undefined);
  if (dir === undefined || there === undefined) return [];
  const path: SettingPath = ['state', 'dir'];
  if (!there.isDirectory()) return [finding(path, `${dir} is no folder: name one, or move it out of the way`, 'error')];
  const fault = await access(dir, constants.W_OK).then(() => undefined, codeOf);
  if (fault === undefined) return [];
  const why = `${dir} cannot be written to here (${fault}): nothing would be kept; look at its owner and mode`;
  return [finding(path, why, 'warning')];
};

type Content = {readonly bytes: Buffer} | {readonly missing: Finding};

const content = async (path: SettingPath, file: string): Promise<Content> => {
  try {
    return {bytes: await readFile(file)};
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'is not there' : readingFault(error);
    return {missing: finding(path, `${file} ${why}; serve will need it`, 'warning')};
  }
};

type Kind = keyof TlsFiles<string>;
type Named = {readonly [kind in Kind]?: string | undefined};
const kinds = ['cert', 'key', 'ca'] as const;
const library = {context: createSecureContext, certificate: (pem: string) => new X509Certificate(pem)};

/** A certificate, its key and authorities. `names`: how the settings call them, where not so. */
const certificates = async (
  at: SettingPath,
  files: Named,
  names: {readonly [kind in Kind]?: SettingPath} = {},
): Promise<readonly Finding[]> => {
  const read: Record<string, Buffer> = {};
  const missing: Finding[] = [];
  const pathOf = (kind: Kind): SettingPath => [...at, ...(names[kind] ?? [kind])];
  for (const kind of kinds) {
    const file = files[kind];
    if (file === undefined) continue;
    const got = await content(pathOf(kind), file);
    if ('missing' in got) missing.push(got.missing);
    else read[kind] = got.bytes;
  }
  const paths = Object.fromEntries(kinds.flatMap((kind) => (files[kind] === undefined ? [] : [[kind, files[kind]]])));
  const {ca, ...pair} = read as TlsFiles<Buffer>;
  const wrong = [pair, ca === undefined ? {} : {ca}].flatMap((one): readonly Finding[] => {
    const fault = tlsFault(one, paths, library);
    return fault === undefined ? [] : [finding(pathOf(fault.of), fault.message, 'error')];
  });
  return [...missing, ...wrong];
};

const trusted = (at: SettingPath, {ca, clientCertificate}: TrustFiles) =>
  certificates(
    at,
    {ca, ...clientCertificate},
    {cert: ['clientCertificate', 'cert'], key: ['clientCertificate', 'key']},
  );

const entitlementFile = async (settings: Settings, file: string): Promise<readonly Finding[]> => {
  const path: SettingPath = ['entitlements', 'source', 'path'];
  const got = await content(path, file);
  if ('missing' in got) return [got.missing];
  const read = await readText(file, got.bytes);
  if ('faults' in read) {
    return read.faults.map(({line, column, message}) => {
      const place = [file, line, column].filter((part) => part !== undefined).join(':');
      return finding(path, `${place}: ${message}`, 'error');
    });
  }
  const unsound = unsoundHead(read.snapshot, [], read.whole);
  const told = unsound === undefined ? [] : [finding(path, `${file} ${unsound}; serve will not take it over`, 'error')];
  return [
    ...told,
    ...missingFeatures(settings, read.snapshot, file),
    ...soldByNobody(settings, read.snapshot, file),
    ...unsold(settings, read.snapshot.features),
    ...unsuppliedAttributes(read.snapshot, askedBy(settings.rules)).map((message) => finding(path, message, 'warning')),
  ];
};

/** Where a feature is asked for that the file does not have, or not so; serve will not take such a file over. */
const missingFeatures = ({rules, responses}: Settings, {features}: Snapshot, file: string): readonly Finding[] => {
  const names = [...features.keys()];
  const look = (wanted: Wanted, path: SettingPath): readonly Finding[] => {
    const {feature} = wanted;
    if (!features.has(feature)) {
      return [finding(path, `asks for "${feature}", which ${file} lacks${suggestion(feature, names)}`, 'error')];
    }
    const lack = lackOf(features, wanted);
    return lack === undefined
      ? []
      : [finding(path, `asks for "${feature}", which has ${lack} in ${file}: ${howToSell(wanted)}`, 'error')];
  };
  return [
    ...rules.flatMap((rule, index) =>
      askedBy([rule]).features.flatMap((wanted) =>
        look(wanted, ['rules', index, ...placesAsked[wanted.as ?? 'feature']]),
      ),
    ),
    ...askedBy([], toldBy(responses)).features.flatMap((wanted) =>
      look(wanted, ['responses', placeOf(wanted, responses)]),
    ),
  ];
};

/** Where in a rule. */
const placesAsked = {feature: ['require', 'features'], limit: ['limits'], amount: ['require', 'when']};

/** Where an amount is asked for that no plan and no grant has any of: nobody has it, and a limit lets nobody in. */
const soldByNobody = ({rules, responses}: Settings, snapshot: Snapshot, file: string): readonly Finding[] => {
  const asked = [
    ...rules.flatMap((rule, index) =>
      askedBy([rule])
        .features.filter(({as}) => as === 'limit')
        .map(({feature}) => ({feature, path: ['rules', index, 'limits'] as SettingPath, so: 'so it lets nobody in'})),
    ),
    ...askedBy([], toldBy(responses)).features.map((wanted) => ({
      feature: wanted.feature,
      path: ['responses', placeOf(wanted, responses)] as SettingPath,
      so: 'so it never comes',
    })),
  ].filter(({feature}) => measureOf(snapshot.features.get(feature)) !== undefined);
  if (asked.length === 0) return [];
  const sold = new Set<string>();
  const note = ({values, limits, add}: Terms) => {
    for (const amounts of [values, limits, add]) for (const name of Object.keys(amounts ?? {})) sold.add(name);
  };
  for (const plan of snapshot.plans.values()) note(plan);
  for (const grant of snapshot.grants) note(grant);
  return asked
    .filter(({feature}) => !sold.has(feature))
    .map(({feature, path, so}) =>
      finding(
        path,
        `asks for an amount of "${feature}", of which no plan and no grant in ${file} has any, ${so}`,
        'warning',
      ),
    );
};

const placeOf = ({feature}: Wanted, {identity}: Settings['responses']): string =>
  [...identity.values()].includes(`value.${feature}`) ? 'identity' : 'metadata';

/** Where a condition looks at amounts, and the source knows of none. */
const untoldValues = ({rules}: Settings, type: string): readonly Finding[] =>
  valuesLookedAt(rules).map(({feature, path}) => {
    const message = `looks at value.${feature}, which entitlements of type ${type} do not know, so nobody has it; ${elsewhere}`;
    return finding(path, message, 'warning');
  });

const valuesLookedAt = (rules: Settings['rules']): readonly {readonly feature: string; readonly path: SettingPath}[] =>
  rules.flatMap(({access}, index) => {
    const when = 'require' in access ? access.require.when : undefined;
    if (when === undefined) return [];
    return compileCondition(when).looks.values.map((feature) => ({
      feature,
      path: ['rules', index, 'require', 'when'] as SettingPath,
    }));
  });

const unsold = ({rules}: Settings, features: Parameters<typeof unsoldPermissions>[0]['features']) =>
  unsoldPermissions({features}, askedBy(rules)).map((message) =>
    finding(['entitlements', 'source'], message, 'warning'),
  );
