// Is a token that of a machine? Issuers tell it each in their own way, and a rule for people must not open to machines.
import type {Claims} from './jwtForm.ts';

/** The claims in which issuers write the client that a token was issued to: OpenID Connect, RFC 9068, Okta, Entra ID v1. */
export const clientClaims = ['client_id', 'azp', 'cid', 'appid'] as const;

/**
 * Whether verified claims are those of a machine, by what issuers document. One sign is enough: none of them is in the
 * token of a person who signed in. Where an issuer writes none, `claims.kind` says it.
 */
export const isMachine = (claims: Claims): boolean =>
  hasOwnGrant(claims) ||
  isItsOwnSubject(claims) ||
  isWorkload(claims) ||
  isEntraApplication(claims) ||
  isWso2Application(claims) ||
  isZitadelServiceUser(claims) ||
  isServiceToken(claims) ||
  isAccount(claims);

/** The grant of the token, written in several ways: `gty` (Auth0, Kinde, FusionAuth), `grant_type` (UAA, ForgeRock). */
const hasOwnGrant = ({gty, grant_type: grantType}: Claims): boolean => isOwnGrant(gty) || isOwnGrant(grantType);
const isOwnGrant = (said: unknown): boolean => {
  const grants: readonly unknown[] = typeof said === 'string' ? said.split(' ') : Array.isArray(said) ? said : [];
  return grants.some((grant) => typeof grant === 'string' && grant.replaceAll('_', '-') === 'client-credentials');
};

/** WSO2: whom the token was issued to; of an application `sub` is whoever registered it. */
const isWso2Application = ({aut}: Claims): boolean => typeof aut === 'string' && aut.toUpperCase() === 'APPLICATION';

/**
 * RFC 9068 section 2.2: without a resource owner `sub` names the client (`cid` at Okta); RFC 7523 section 3: a client that
 * signs for itself is its own issuer (Google's service accounts); or there is no subject at all.
 */
const isItsOwnSubject = (claims: Claims): boolean => {
  const {sub} = claims;
  return sub === undefined || sub === claims.iss || clientClaims.some((name) => claims[name] === sub);
};

/**
 * Subjects of workloads: SPIFFE (JWT-SVID section 3.1), Kubernetes' service accounts; jobs of GitLab CI, of Buildkite and
 * HCP Terraform, of Vercel, of CircleCI; machines of Clerk and of Stytch.
 */
const workload =
  /^(spiffe:\/\/|system:serviceaccount:|project_path:|organization:[^:]+:(pipeline|project):|owner:[^:]+:project:|org\/[^/]+\/project\/|mch_|m2m-client-)./;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/**
 * Whether somebody has signed in: a session, or how it began. No workload has; and where people choose the name that a
 * token is told by, one who took that of a machine must not be one. (`auth_time` says nothing: Authentik and Cognito write
 * it for machines, too.)
 */
const hasSignedIn = ({sid, amr}: Claims): boolean => sid !== undefined || amr !== undefined;

/** A job of GitHub Actions may write its own subject, but always has these; Descope's access keys (`K2...`) have `drn`. */
const isWorkload = (claims: Claims): boolean => {
  const {sub, drn, repository, run_id: run, workflow, workflow_ref: reference} = claims;
  if (typeof sub === 'string' && drn !== undefined && sub.startsWith('K2')) return true;
  if (hasSignedIn(claims)) return false;
  return (
    (typeof sub === 'string' && workload.test(sub)) ||
    (isText(repository) && isText(run) && (isText(workflow) || isText(reference)))
  );
};

/**
 * Entra ID: `idtyp` where the application asks for that claim. Without it: tokens say how the client has proved itself
 * (`azpacr`, in v1 `appidacr`), and those that stand for a person have the scopes that the person granted.
 */
const isEntraApplication = ({idtyp, azpacr, appidacr, scp}: Claims): boolean =>
  idtyp === undefined ? (azpacr !== undefined || appidacr !== undefined) && scp === undefined : idtyp === 'app';

/**
 * ZITADEL's service users have tokens like those of people. The client of one with a secret is its own name, while those of
 * applications are numbers (`2801`, or `2801@project`); one with a private key is its own client, see above.
 */
const isZitadelServiceUser = (claims: Claims): boolean => {
  const {client_id: client} = claims;
  if (!isText(client) || /^\d+(@|$)/.test(client)) return false;
  return Object.keys(claims).some((name) => name.startsWith('urn:zitadel:iam:'));
};

/** Cloudflare Access: the application token of a service token has an empty subject, and the client's name for a name. */
export const isServiceToken = ({sub, common_name: name, type}: Claims): boolean =>
  sub === '' && isText(name) && type === 'app';

/**
 * Accounts that an issuer keeps for clients beside those of people: Keycloak's `service-account-<client>`, without the
 * session that every person has there (else whoever registers under such a name would be a machine); Authentik's
 * `ak-<provider>-client_credentials`; Google's addresses, which nobody can own.
 */
const isAccount = (claims: Claims): boolean => {
  const {preferred_username: name, email, email_verified: verified} = claims;
  if (typeof name === 'string' && name.startsWith('service-account-')) return isKeycloakAccount(claims, name);
  if (typeof name === 'string' && /^ak-.+-client_credentials$/.test(name) && !hasSignedIn(claims)) return true;
  return (
    (verified === true || verified === 'true' || isOfGoogleProxy(claims)) &&
    typeof email === 'string' &&
    /@([a-z0-9-]+\.)*gserviceaccount\.com$/.test(email)
  );
};

/** Google's Identity-Aware Proxy says of no address that it is verified: those of Google's own accounts are. */
const isOfGoogleProxy = ({iss, sub}: Claims): boolean =>
  iss === 'https://cloud.google.com/iap' && typeof sub === 'string' && sub.startsWith('accounts.google.com:');

const isKeycloakAccount = ({azp, client_id: client, clientId, sid}: Claims, name: string): boolean => {
  // Keycloak writes names of accounts in lower case, and those of clients as they are.
  const isOf = (one: unknown): boolean => isText(one) && name === `service-account-${one.toLowerCase()}`;
  if (isOf(client) || isOf(clientId)) return true;
  return sid === undefined && (isOf(azp) || ![azp, client, clientId].some(isText));
};
