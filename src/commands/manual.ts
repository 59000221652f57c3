// What the help of each command says below its options: examples, and what its exit status means. The reference page of the
// command line (docs/reference/commands.md) is made of the same.
import type {Command} from 'commander';

interface Manual {
  /** As they are typed. A test parses each. */
  readonly examples: readonly string[];
  /** Where it is not as usual. */
  readonly exits?: readonly string[];
}

const usual = ['0 done', '1 it could not be done, and why is on standard error'];

const manuals: Readonly<Record<string, Manual>> = {
  postern: {
    examples: [
      'postern init     # begin: a configuration, its cases, and an Envoy',
      'postern validate && postern test cases.yaml && postern serve',
    ],
  },
  'postern init': {
    examples: [
      'postern init',
      'postern init gate --provider oidc --issuer https://id.acme.example --audience orders-api',
      'postern init gate --provider apiKeys --upstream app:8080',
    ],
    exits: [...usual, '130 Ctrl-C or Ctrl-D, and nothing was written'],
  },
  'postern serve': {
    examples: ['postern serve', 'postern serve -c postern.yaml --shadow-config next.yaml'],
    exits: ['0 ended by SIGTERM or SIGINT', '1 it could not start, and why is on standard error'],
  },
  'postern validate': {
    examples: ['postern validate --strict', 'helm template . | yq .data.config | postern validate -c - --sarif'],
    exits: ['0 good', '1 an error; with --strict also a warning'],
  },
  'postern doctor': {
    examples: ['postern doctor', 'postern doctor --timeout 3 --json'],
    exits: ['0 good', '1 an error, or something that cannot be reached; with --strict also a warning'],
  },
  'postern explain': {
    examples: [
      'postern explain GET /orgs/acme/orders/7 --token @token.txt',
      `postern explain GET /orgs/acme/orders/7 --claims '{"sub": "alice", "org_id": "acme"}'`,
      `postern explain --curl "curl 'https://api.acme.example/orders' -H 'authorization: Bearer ...'"`,
      'postern explain --decision 9c1b2f34-6f0e-4f6a-9d55-3a1c0e7a2b10',
    ],
    exits: ['0 allow', '1 deny', '2 undecided: an outage, or a command that cannot be carried out'],
  },
  'postern test': {
    examples: [
      'postern test cases.yaml',
      'postern test cases --coverage --min-coverage 90 --format junit',
      'postern test --record decisions.jsonl > recorded.yaml',
    ],
    exits: [
      '0 all passed',
      '1 a case failed, the coverage is too low, or it could not be done',
      '130 --watch was ended',
    ],
  },
  'postern diff': {
    examples: [
      'postern diff postern.yaml next.yaml --cases cases.yaml',
      'postern diff a.yaml b.yaml --cases log.jsonl',
    ],
    exits: ['0 no decision flips', '1 some flip', '2 undecided, or not carried out'],
  },
  'postern revoke': {
    examples: [
      `postern revoke --subject alice --reason 'laptop stolen' --by ops`,
      'postern revoke --tenant acme --before 2027-01-31T12:00:00Z',
      'postern revoke --session 6f1c',
    ],
    exits: [...usual, '2 it is written, but no instance has said that it has read it'],
  },
  'postern revocations': {examples: ['postern revocations']},
  'postern revocations remove': {
    examples: [`postern revocations remove Qm4x --reason 'was the wrong one'`],
    exits: [...usual, '2 it is written, but no instance has said that it has read it'],
  },
  'postern entitlements': {
    examples: [
      'postern entitlements check --tenant acme --feature reports',
      'postern entitlements grant --tenant acme --plan pro --expires 2027-12-31',
    ],
  },
  'postern entitlements load': {examples: ['postern entitlements load grants.yaml']},
  'postern entitlements restore': {examples: ['postern entitlements restore']},
  'postern entitlements list': {
    examples: ['postern entitlements list --tenant acme', 'postern entitlements list --json > grants.jsonl'],
  },
  'postern entitlements check': {
    examples: [
      'postern entitlements check --tenant acme --feature reports',
      'postern entitlements check --tenant acme --user alice --permission reports.read --json',
      'postern entitlements check --tenant acme',
    ],
    exits: ['0 it could be said, yes or no', '1 it could not be done, and why is on standard error'],
  },
  'postern entitlements grant': {
    examples: ['postern entitlements grant --tenant acme --plan pro --expires 2027-12-31'],
  },
  'postern entitlements ungrant': {examples: ['postern entitlements ungrant --tenant acme --plan pro']},
  'postern entitlements drop': {examples: ['postern entitlements drop --tenant acme']},
  'postern keys': {examples: ['postern keys new --id ci --tenant acme --role deployer --file keys.yaml']},
  'postern keys new': {
    examples: ['postern keys new --id ci --tenant acme --role deployer --expires 2027-12-31 --file keys.yaml'],
  },
  'postern keys add': {
    examples: ['postern keys add --hash "$(printf %s "$KEY" | sha256sum | cut -c1-64)" --id old --file keys.yaml'],
  },
  'postern keys list': {examples: ['postern keys list --file keys.yaml']},
  'postern keys disable': {examples: ['postern keys disable ci --file keys.yaml']},
  'postern keys rotate': {examples: ['postern keys rotate ci --overlap 48 --file keys.yaml']},
  'postern schema': {examples: ['postern schema > postern.schema.json']},
  'postern completion': {
    examples: [
      'source <(postern completion bash)',
      'postern completion fish > ~/.config/fish/completions/postern.fish',
    ],
  },
};

/** Examples and exit statuses of a command, by its whole name. */
export const manualOf = (path: string): {readonly examples: readonly string[]; readonly exits: readonly string[]} => {
  const {examples = [], exits = usual} = Object.hasOwn(manuals, path) ? (manuals[path] as Manual) : {};
  return {examples, exits};
};

/** Adds to the help of the command and of all below it; what is typed wrong is told in two lines, not in fifty. */
export const withManual = (command: Command, path = command.name()): void => {
  const {examples, exits} = manualOf(path);
  const lines = (title: string, of: readonly string[]) => `\n${title}:\n${of.map((line) => `  ${line}`).join('\n')}\n`;
  command
    .addHelpText('after', `${lines('Examples', examples)}${lines('Exit status', exits)}`)
    .showHelpAfterError(`${path} --help says what there is.`);
  for (const one of command.commands) withManual(one, `${path} ${one.name()}`);
};
