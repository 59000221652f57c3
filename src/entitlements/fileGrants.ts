// Grants in the text of an entitlement file: one given, one taken back, and comments and all else as they were.
import {type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq} from 'yaml';

/** Which grant: a plan of a tenant, or of one user of it. */
export interface GrantName {
  readonly plan: string;
  readonly tenant: string;
  readonly user?: string;
}

export type Edited = {readonly text: string; readonly was?: string} | {readonly fault: string};

/** `expires` as it is written; absent: for ever. A grant of the same name gets this end, and keeps its other terms. */
export const withGrant = (name: string, text: string, grant: GrantName, expires: string | undefined): Edited =>
  edited(name, text, (grants, document) => {
    const known = grants.items.find((item) => isMap(item) && isNamed(item, grant));
    if (isMap(known)) {
      const was = known.get('expires') ?? null;
      if (expires === undefined) known.delete('expires');
      else known.set('expires', expires);
      return {was: was === null ? 'for ever' : `until ${String(was)}`};
    }
    grants.add(document.createNode({...grant, ...(expires !== undefined && {expires})}, {flow: true}));
    return {};
  });

export const withoutGrant = (name: string, text: string, grant: GrantName): Edited =>
  edited(name, text, (grants) => {
    const kept = grants.items.filter((item) => !(isMap(item) && isNamed(item, grant)));
    if (kept.length === grants.items.length) return {fault: 'there is no such grant'};
    grants.items = kept;
    return {};
  });

const isNamed = (item: YAMLMap, {plan, tenant, user}: GrantName): boolean =>
  item.get('plan') === plan && item.get('tenant') === tenant && (item.get('user') ?? undefined) === user;

type Change = (
  grants: YAMLSeq,
  document: Document,
) => {readonly was?: string; readonly fault?: undefined} | {readonly fault: string; readonly was?: undefined};

/** JSON is YAML too, and is written as JSON again. The text must be one that can be read. */
const edited = (name: string, text: string, change: Change): Edited => {
  if (name.endsWith('.jsonl')) {
    return {
      fault: 'is changed line by line, by what writes it: add or take out the line {"grant": ..., "tenant": ...}',
    };
  }
  const isJson = name.endsWith('.json');
  const document = parseDocument(text);
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isSeq(document.get('grants', true))) document.set('grants', document.createNode([]));
  const grants = document.get('grants', true);
  if (!isSeq(grants)) return {fault: 'has no list of grants'};
  if (grants.items.length === 0) grants.flow = false;
  const {was, fault} = change(grants, document);
  if (fault !== undefined) return {fault};
  if (document.has('grantCount')) document.set('grantCount', grants.items.length);
  const changed = isJson
    ? `${JSON.stringify(document.toJS(), undefined, 2)}\n`
    : document.toString({lineWidth: 0, flowCollectionPadding: /[{[] \S/.test(text)});
  return {text: changed, ...(was !== undefined && {was})};
};
