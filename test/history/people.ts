// Whom a run is about: four people with two sessions each, and somebody whom nobody revokes.
import type {Selector, Token} from './history.ts';
import type {Issuer} from './issuer.ts';
import type {By} from './schedule.ts';

export interface Person {
  readonly name: string;
  readonly base: Token;
  /** Another session, begun some minutes before the run. */
  readonly elsewhere: Token;
}

export interface People {
  /** Those of a new run. */
  next(): Promise<{readonly persons: readonly Person[]; readonly control: Token}>;
  selectorOf(by: By, person: Person): Selector;
  /** The session goes on, by a token of now. */
  refreshed(person: Person): Promise<Token>;
  /** A new session, begun now. */
  signedInAnew(person: Person): Promise<Token>;
}

/** `spares`: providers that may be revoked as a whole, one a run. After them the tenant is. */
export const makePeople = (issuer: Issuer, spares: readonly string[]): People => {
  let runs = 0;
  let tokens = 0;
  const left = [...spares];
  const wall = () => Math.floor(Date.now() / 1_000);
  const tokenId = (name: string) => `${name}j${++tokens}`;

  const personOf = async (index: number): Promise<Person> => {
    const name = `n${runs}p${index}`;
    const [long, short] = [wall() - 7_200, wall() - 200];
    const about = {
      provider: (index === 3 ? left[0] : undefined) ?? 'acme',
      subject: name,
      tenant: `n${runs}t${index >> 1}`,
    };
    const session = (what: string, sessionId: string, at: number) =>
      issuer.token({...about, name: what, sessionId, tokenId: tokenId(name), issuedAt: at, signedInAt: at});
    return {
      name,
      base: await session(`${name} (${about.provider})`, `${name}s1`, long),
      elsewhere: await session(`${name} elsewhere`, `${name}s2`, short),
    };
  };

  return {
    async next() {
      runs += 1;
      const persons = await Promise.all([0, 1, 2, 3].map(personOf));
      const name = `control${runs}`;
      const at = wall() - 7_200;
      const about = {name, provider: 'acme', subject: name, tenant: name, sessionId: name, tokenId: name};
      return {persons, control: await issuer.token({...about, issuedAt: at, signedInAt: at})};
    },
    selectorOf(by, {base}) {
      if (by === 'provider' && base.provider === 'acme') return {tenant: base.tenant};
      if (by === 'provider' && left[0] === base.provider) left.shift();
      return {[by]: base[by]};
    },
    refreshed: ({name, base}) =>
      issuer.token({...base, name: `${name} refreshed`, tokenId: tokenId(name), issuedAt: wall()}),
    signedInAnew: ({name, base}) => {
      const at = wall();
      const session = {sessionId: `${name}s${at}`, tokenId: tokenId(name), issuedAt: at, signedInAt: at};
      return issuer.token({...base, name: `${name} signed in anew`, ...session});
    },
  };
};
