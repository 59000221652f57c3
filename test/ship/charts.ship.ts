// The charts, by Helm 3 and 4: they lint, render what Kubernetes accepts, refuse wrong values, and say what they do.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {promisify} from 'node:util';
import {parse, stringify} from 'yaml';
import {temporaryFolder} from '../support/ports.ts';
import {tool} from '../support/tools.ts';
import {ciValues, helm, helms, type Manifest, manifestsOf, only, render, root} from './charts.ts';
import {faultsOf, kubernetesVersions} from './schemas.ts';

const run = promisify(execFile);
const charts = ['helm/postern', 'examples/sidecar-app'];
const cases = charts.flatMap((chart) =>
  ciValues(chart).map((file) => ({chart, file, name: `${chart} ${basename(file)}`})),
);

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
type Pod = any;
const mountOf = (container: Pod, wanted: string) =>
  container.volumeMounts.find(({name}: {name: string}) => name === wanted);
const volumeOf = ({spec}: Pod, wanted: string) => spec.volumes.find(({name}: {name: string}) => name === wanted);

describe('charts', function () {
  // Helm 3 and kube-linter are built the first time.
  this.timeout(900_000);
  before(async () => {
    for (const name of [...helms, 'kube-linter', 'helm-docs'] as const) await tool(name);
  });

  for (const name of helms) {
    for (const {chart, file, name: of} of cases) {
      it(`${name} lints ${of}`, async () => {
        const {code, printed} = await helm(['lint', '--strict'], chart, {helm: name, values: [file]});
        assert.equal(code, 0, printed);
      });
    }
    it(`${name} lints the library`, async () => {
      const {code, printed} = await helm(['lint', '--strict'], 'helm/postern-sidecar', {helm: name});
      assert.equal(code, 0, printed);
    });
  }

  for (const {chart, file, name} of cases) {
    it(`both render the same from ${name}`, async () => {
      const [four, three] = [
        await render(chart, {helm: 'helm', values: [file]}),
        await render(chart, {helm: 'helm-3', values: [file]}),
      ];
      const inOrder = (manifests: readonly Manifest[]) =>
        [...manifests].sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
      assert.deepEqual(inOrder(three), inOrder(four));
    });

    for (const version of kubernetesVersions) {
      it(`Kubernetes ${version} accepts ${name}`, async () => {
        const manifests = await render(chart, {values: [file], kubernetes: version});
        assert.deepEqual(await faultsOf(manifests, version), []);
      });
    }
  }

  it('a manifest with a field that Kubernetes does not know is found out', async () => {
    const [service] = manifestsOf(
      '{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {tier: x, ports: [{port: a}]}}',
    );
    assert.ok(service);
    assert.equal((await faultsOf([service], '1.33.0')).length, 2);
    const policy =
      '{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {akshun: DENY}}';
    assert.equal((await faultsOf(manifestsOf(policy), '1.33.0')).length, 1);
  });

  for (const {chart, file, name} of cases) {
    it(`kube-linter finds nothing in ${name}`, async () => {
      const {output} = await helm(['template', 'shop', '--namespace', 'shop'], chart, {values: [file]});
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'all.yaml'), output);
      const linted = await run(await tool('kube-linter'), [
        'lint',
        '--config',
        join(root, 'test/ship/kube-linter.yaml'),
        folder,
      ]).then(
        () => [],
        // `file: (object: namespace/name version, Kind=x) what (check: name, remediation: ...)`
        (error: {stdout?: string; stderr?: string}) =>
          `${error.stdout}${error.stderr}`
            .split('\n')
            .filter((line) => line.includes('(object: ') || line.startsWith('Error')),
      );
      assert.deepEqual(linted, []);
    });
  }

  const rule = {name: 'a', match: {path: '/'}, public: true};
  const refused: readonly {readonly of: string; readonly values: object; readonly says: RegExp}[] = [
    {of: 'an unknown value', values: {replicas: 3}, says: /additional properties 'replicas' not allowed/i},
    {of: 'a tag that is a number', values: {image: {tag: 1.2}}, says: /image\/tag/},
    {of: 'an unknown setting', values: {config: {provider: []}}, says: /additional properties 'provider' not allowed/i},
    {of: 'a rule without a name', values: {config: {rules: [{match: {}, deny: true}]}}, says: /name/},
    {
      of: 'a rule that is both public and closed',
      values: {config: {rules: [{...rule, deny: true}]}},
      says: /config\/rules\/0/,
    },
    {
      of: 'a misspelt requirement',
      values: {config: {rules: [{name: 'a', match: {}, require: {role: ['x']}}]}},
      says: /'role'/,
    },
    {
      of: 'an empty list of roles',
      values: {config: {rules: [{name: 'a', match: {}, require: {roles: []}}]}},
      says: /roles/,
    },
    {
      of: 'a duration without a unit',
      values: {config: {rules: [rule], redis: {url: 'redis://redis:6379', timeout: '50'}}},
      says: /redis\/timeout/,
    },
    {
      of: 'a secret in the open',
      values: {config: {rules: [rule], admin: {token: 'hunter2hunter2'}}},
      says: /admin\/token/,
    },
    {
      of: 'a password in an address',
      values: {config: {rules: [rule], redis: {url: 'redis://:hunter2@redis:6379'}}},
      says: /redis\/url/,
    },
    {of: 'a listener of its own', values: {config: {server: {listen: '0.0.0.0:1'}}}, says: /use the value ports\.grpc/},
    {
      of: 'an admin listener of its own',
      values: {config: {admin: {listen: '0.0.0.0:1'}}},
      says: /use the value ports\.admin/,
    },
    {of: 'TLS without a certificate', values: {tls: {enabled: true}}, says: /set tls\.existingSecret/},
    {
      of: 'cert-manager without an issuer',
      values: {tls: {enabled: true, certManager: {enabled: true}}},
      says: /issuerRef/,
    },
    {
      of: 'a drain that the kubelet would cut',
      values: {drain: {delay: '1m', timeout: '10s'}},
      says: /\(30\).*\(70 s\)/,
    },
    {of: 'a name that nothing can have', values: {fullnameOverride: 'Foo_Bar'}, says: /at '\/fullnameOverride'/},
    {of: 'a name that no label can be', values: {nameOverride: '-x-'}, says: /at '\/nameOverride'/},
    {of: 'one port for two', values: {ports: {grpc: 9190}}, says: /ports\.grpc and ports\.admin are both 9190/},
    {
      of: 'an autoscaler whose most is less than its least',
      values: {autoscaling: {enabled: true, minReplicas: 5, maxReplicas: 2}},
      says: /autoscaling\.maxReplicas \(2\) is less than autoscaling\.minReplicas \(5\)/,
    },
    {
      of: 'a label by which the chart finds its pods',
      values: {commonLabels: {'app.kubernetes.io/name': 'x'}},
      says: /commonLabels: app\.kubernetes\.io\/name is set by the chart/,
    },
    {
      of: 'the same, of pods',
      values: {podLabels: {'app.kubernetes.io/instance': 'x'}},
      says: /podLabels: app\.kubernetes\.io\/instance is set by the chart/,
    },
    {of: 'a file in a folder', values: {files: {'a/b': 'x'}}, says: /at '\/files': additional properties 'a\/b'/},
    {of: 'a second postern.yaml', values: {files: {'postern.yaml': 'x'}}, says: /at '\/files\/postern\.yaml'/},
    // What \`key:\` without a value comes to.
    ...[
      'tls',
      'service',
      'autoscaling',
      'podDisruptionBudget',
      'serviceAccount',
      'networkPolicy',
      'config',
      'test',
    ].map((key) => ({
      of: `nothing for ${key}`,
      values: {[key]: null},
      says: new RegExp(`missing propert(y|ies):? '${key}'`),
    })),
    {of: 'two monitors', values: {serviceMonitor: {enabled: true}, podMonitor: {enabled: true}}, says: /twice/},
  ];
  /** One mistake is one line. */
  const mistakes: readonly (readonly [config: object, line: RegExp])[] = [
    [{rules: [{...rule, match: {pth: '/'}}]}, /^- at '\/config\/rules\/0\/match': additional properties 'pth' not/],
    [{rules: [{...rule, match: {path: 1}}]}, /^- at '\/config\/rules\/0\/match\/path': got number, want string$/],
    [{rules: [{...rule, public: 'open'}]}, /^- at '\/config\/rules\/0\/public': value must be one of true, 'identify'/],
    [{rules: [rule], log: {level: 'verbose'}}, /^- at '\/config\/log\/level': value must be one of 'trace'/],
    [{rules: [rule], responses: {status: {missing_feature: '402'}}}, /missing_feature': got string, want integer$/],
    [{rules: [rule], redis: {url: 'redis://r', timeout: 50}}, /^- at '\/config\/redis\/timeout': got number, want/],
    [{rules: [rule], redis: {url: 'redis://r', timeout: '5'}}, /^- at '\/config\/redis\/timeout': '5' does not match/],
  ];
  for (const name of helms) {
    for (const [config, line] of mistakes) {
      it(`${name} tells ${line.source} in one line`, async () => {
        const {code, printed} = await helm(['template', 'shop'], 'helm/postern', {helm: name, values: [{config}]});
        assert.notEqual(code, 0);
        const lines = printed.split('\n').filter((one) => /^\s*- /.test(one));
        assert.equal(lines.length, 1, printed);
        assert.match(lines[0] ?? '', line);
      });
    }
    it(`${name} takes what comes from outside for a value of any form`, async () => {
      const config = {rules: [{...rule, public: '${PUBLIC}'}], log: {level: '${LEVEL}'}};
      const {code, printed} = await helm(['template', 'shop'], 'helm/postern', {helm: name, values: [{config}]});
      assert.equal(code, 0, printed);
    });
    it(`${name} leaves out what is nothing`, async () => {
      const nothing = {startupProbe: null, livenessProbe: null, imagePullSecrets: null, tolerations: null};
      const own = {updateStrategy: {type: 'Recreate'}, commonLabels: {team: 'a'}, podLabels: {team: 'b'}};
      const {code, printed, output} = await helm(['template', 'shop'], 'helm/postern', {
        helm: name,
        values: [{...nothing, ...own}],
      });
      assert.equal(code, 0, printed);
      const {spec} = only(manifestsOf(output), 'Deployment') as {spec: Record<string, never>};
      const {template, strategy} = spec as unknown as {
        strategy: object;
        template: {metadata: {labels: Record<string, string>}; spec: {containers: Record<string, unknown>[]}};
      };
      assert.deepEqual(strategy, {type: 'Recreate'});
      assert.equal(template.metadata.labels.team, 'b');
      const [container = {}] = template.spec.containers;
      assert.deepEqual(
        ['startupProbe', 'readinessProbe', 'livenessProbe'].filter((key) => key in container),
        ['readinessProbe'],
      );
    });
    for (const {of, values, says} of refused) {
      it(`${name} refuses ${of}`, async () => {
        const {code, printed} = await helm(['template', 'shop'], 'helm/postern', {helm: name, values: [values]});
        assert.notEqual(code, 0, 'it was taken');
        assert.match(printed, says);
      });
    }
    it(`${name} refuses a wrong rule of the sidecar`, async () => {
      const values = {postern: {config: {rules: [{name: 'a', match: {}, require: {role: ['x']}}]}}};
      const {code, printed} = await helm(['template', 'shop'], 'examples/sidecar-app', {helm: name, values: [values]});
      assert.notEqual(code, 0, 'it was taken');
      assert.match(printed, /'role'/);
    });
  }

  it('the values schemas are what the settings make of them', async () => {
    await run(process.execPath, [join(root, 'scripts/chart-schema.ts'), '--check']);
  });

  it('the README of each chart is what its values make of it', async () => {
    const copy = temporaryFolder();
    for (const chart of ['postern', 'postern-sidecar'])
      cpSync(join(root, 'helm', chart), join(copy, chart), {recursive: true});
    // In its strict mode helm-docs leaves a chart alone whose every value has no comment, and nothing is compared.
    for (const chart of ['postern', 'postern-sidecar']) rmSync(join(copy, chart, 'README.md'));
    await run(await tool('helm-docs'), ['--sort-values-order', 'file', '--chart-search-root', '.'], {cwd: copy});
    for (const chart of ['postern', 'postern-sidecar']) {
      const path = join(chart, 'README.md');
      const message = `run \`helm-docs --sort-values-order file --chart-search-root helm\``;
      assert.equal(readFileSync(join(root, 'helm', path), 'utf8'), readFileSync(join(copy, path), 'utf8'), message);
    }
  });

  it('both can stand in one chart: a template of one is never taken for that of the other', () => {
    const namesOf = (chart: string): string[] => {
      const folder = join(root, 'helm', chart, 'templates');
      const texts = readdirSync(folder)
        .filter((file) => file.endsWith('.tpl'))
        .map((file) => readFileSync(join(folder, file), 'utf8'));
      return [...texts.join('').matchAll(/define "([^"]+)"/g)].map(([, name = '']) => name);
    };
    const own = namesOf('postern');
    assert.ok(own.includes('postern.labels'));
    assert.deepEqual(
      namesOf('postern-sidecar').filter((name) => own.includes(name)),
      [],
    );
  });

  for (const name of helms) {
    it(`${name} tells of one wrong letter in a provider, and of nothing else`, async () => {
      const provider = {name: 'a', type: 'oidc', isuer: 'https://id.example', audience: ['a']};
      const values = {config: {providers: [provider]}};
      const {printed} = await helm(['template', 'shop'], 'helm/postern', {helm: name, values: [values]});
      assert.match(printed, /isuer/);
      assert.ok(printed.trim().split('\n').length <= 6, printed);
      assert.doesNotMatch(printed, /frontegg|kinde|introspection/);
    });
  }

  it('can be rendered with the values of an older chart (helm upgrade --reuse-values), which lack what came since', async () => {
    const older = execFileSync('tar', [
      'xzOf',
      join(root, 'test/ship/cluster/postern-before-hooks.tgz'),
      'postern/values.yaml',
    ]);
    const known = Object.keys(parse(String(older)));
    const since = Object.keys(parse(readFileSync(join(root, 'helm/postern/values.yaml'), 'utf8'))).filter(
      (name) => !known.includes(name),
    );
    assert.ok(since.includes('state'), since.join(', '));
    // Helm takes a value away that is given as null.
    const without = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, null]));
    const kinds = (manifests: readonly Manifest[]) => manifests.map(({kind, metadata}) => `${kind} ${metadata?.name}`);
    const all = kinds(await render('helm/postern', {values: [{}]}));
    assert.deepEqual(kinds(await render('helm/postern', {values: [without(since)]})), all);
    const beside = (postern: object) =>
      render('examples/sidecar-app', {values: [{postern: {listen: 'loopback', ...postern}}]});
    assert.deepEqual(kinds(await beside({state: null})), kinds(await beside({})));
  });

  it('autoscaling has a number of pods to begin with, unless it is to be left out', async () => {
    const replicas = async (autoscaling: object) =>
      only(await render('helm/postern', {values: [{replicaCount: 6, autoscaling}]}), 'Deployment').spec.replicas;
    assert.equal(await replicas({enabled: false}), 6);
    assert.equal(await replicas({enabled: true, minReplicas: 3}), 3);
    assert.equal(await replicas({enabled: true, minReplicas: 3, omitReplicas: true}), undefined);
  });

  describe('state', () => {
    const state = {enabled: true, sealKey: '${file:/run/secrets/postern/state}', settings: {stale: '1h'}};
    const written = {dir: '/var/lib/postern', sealKey: state.sealKey, stale: '1h'};
    const configOf = (manifests: readonly Manifest[], name: string) =>
      parse(only(manifests, 'ConfigMap', name).data?.['postern.yaml'] ?? '');

    it('is on an emptyDir, or a claim; nothing else of the root may be written to', async () => {
      const manifests = await render('helm/postern', {values: [{state, secretFiles: ['state']}]});
      const {template} = only(manifests, 'Deployment').spec;
      const [container] = template.spec.containers;
      assert.deepEqual(configOf(manifests, 'shop-postern').state, written);
      assert.deepEqual(mountOf(container, 'state'), {name: 'state', mountPath: '/var/lib/postern'});
      assert.deepEqual(volumeOf(template, 'state'), {name: 'state', emptyDir: {sizeLimit: '1Gi'}});
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.equal(template.spec.securityContext.fsGroup, 65532);
      const claimed = await render('helm/postern', {values: [{state: {...state, existingClaim: 'kept'}}]});
      const kept = {name: 'state', persistentVolumeClaim: {claimName: 'kept'}};
      assert.deepEqual(volumeOf(only(claimed, 'Deployment').spec.template, 'state'), kept);
      // What tries the configuration must not hold the volume.
      const tried = only(claimed, 'Job').spec.template;
      assert.deepEqual(volumeOf(tried, 'state'), {name: 'state', emptyDir: {sizeLimit: '1Gi'}});
    });

    it('is the same beside an application, whose pod gets a group for a claim', async () => {
      const app = (changes: object) =>
        render('examples/sidecar-app', {values: [{postern: {listen: 'loopback', ...changes}}]});
      const manifests = await app({state});
      const {template} = only(manifests, 'Deployment').spec;
      const container = [...(template.spec.initContainers ?? []), ...template.spec.containers].find(
        ({name}: {name: string}) => name === 'postern',
      );
      assert.deepEqual(configOf(manifests, 'shop-postern').state, written);
      assert.deepEqual(mountOf(container, 'postern-state'), {name: 'postern-state', mountPath: '/var/lib/postern'});
      assert.deepEqual(volumeOf(template, 'postern-state'), {name: 'postern-state', emptyDir: {sizeLimit: '1Gi'}});
      const claimed = await app({state: {...state, existingClaim: 'kept'}});
      const {spec} = only(claimed, 'Deployment').spec.template;
      assert.deepEqual(volumeOf({spec}, 'postern-state'), {
        name: 'postern-state',
        persistentVolumeClaim: {claimName: 'kept'},
      });
      assert.equal(spec.securityContext.fsGroup, 65532);
    });

    it('without a key of its own names none, so that the one of Redis counts', async () => {
      const values = {state: {enabled: true}};
      const central = configOf(await render('helm/postern', {values: [values]}), 'shop-postern');
      const beside = await render('examples/sidecar-app', {values: [{postern: {listen: 'loopback', ...values}}]});
      assert.deepEqual(central.state, {dir: '/var/lib/postern'});
      assert.deepEqual(configOf(beside, 'shop-postern').state, {dir: '/var/lib/postern'});
    });

    it('off, there is nothing of it; what contradicts it is refused', async () => {
      const off = await render('helm/postern', {values: [{}]});
      assert.ok(!JSON.stringify(off).includes('/var/lib/postern'));
      const refusals: [object, RegExp][] = [
        [{state, config: {state: {dir: '/x', sealKey: '${A}'}}}, /config\.state is set by the chart/],
        [{state: {...state, sizeLimit: 'much'}}, /sizeLimit/],
      ];
      for (const [values, why] of refusals) {
        const {code, printed} = await helm(['template', 'shop'], 'helm/postern', {values: [values]});
        assert.notEqual(code, 0);
        assert.match(printed, why);
      }
    });
  });

  it('a Job validates before anything is replaced, with the same image, environment and files', async () => {
    const values = {
      image: {registry: 'registry.example', repository: 'team/postern', tag: 'x'},
      global: {imagePullSecrets: ['pull']},
      existingSecret: 'environment',
      secretFiles: ['seal'],
      files: {'keys.yaml': 'keys: []'},
      extraEnv: [{name: 'A', value: 'b'}],
    };
    const manifests = await render('helm/postern', {values: [values]});
    const job = only(manifests, 'Job');
    const {template} = only(manifests, 'Deployment').spec;
    const [serving] = template.spec.containers;
    const [validating] = job.spec.template.spec.containers;
    for (const same of ['image', 'imagePullPolicy', 'env', 'envFrom', 'securityContext', 'volumeMounts']) {
      assert.deepEqual(validating[same], serving[same], same);
    }
    assert.equal(validating.image, 'registry.example/team/postern:x');
    assert.deepEqual(job.spec.template.spec.imagePullSecrets, [{name: 'pull'}]);
    assert.deepEqual(validating.args, ['validate', '-c', '/etc/postern/postern.yaml']);
    const files = (name: string) => only(manifests, 'ConfigMap', name).data;
    assert.deepEqual(files('shop-postern-validate'), files('shop-postern'));
    const when = ({metadata}: Manifest) => metadata.annotations?.['helm.sh/hook'];
    assert.equal(when(job), 'pre-install,pre-upgrade');
    // Nothing that the release makes is there yet, but what comes as a hook before the Job.
    assert.equal(job.spec.template.spec.serviceAccountName, undefined);
    const without = await render('helm/postern', {values: [{validateHook: {enabled: false}}]});
    assert.deepEqual(
      without.filter(({kind}) => kind === 'Job'),
      [],
    );
  });

  it('links to runbooks lead where they can be read', async () => {
    const values = {
      runbooks: 'https://wiki.example/runbooks/',
      prometheusRule: {enabled: true},
      dashboard: {enabled: true},
    };
    const manifests = await render('helm/postern', {values: [values]});
    const text = JSON.stringify(
      manifests.filter(({kind, metadata}) => kind === 'PrometheusRule' || metadata.name.endsWith('dashboard')),
    );
    assert.match(text, /https:\/\/wiki\.example\/runbooks\/PosternDown\.md/);
    assert.doesNotMatch(text, /docs\/runbooks\/Postern|"docs\/runbooks/);
  });

  it('takes what operators look for', async () => {
    const monitor = {
      enabled: true,
      namespace: 'monitoring',
      annotations: {a: 'b'},
      jobLabel: 'app',
      scheme: 'https',
      tlsConfig: {insecureSkipVerify: true},
      honorLabels: true,
    };
    const values = {
      deploymentAnnotations: {'reloader.stakater.com/auto': 'true'},
      minReadySeconds: 5,
      lifecycle: {preStop: {sleep: {seconds: 3}}},
      hostAliases: [{ip: '10.0.0.1', hostnames: ['id.example']}],
      initContainers: [{name: 'wait', image: 'wait:1'}],
      dnsPolicy: 'None',
      serviceMonitor: monitor,
      prometheusRule: {enabled: true, namespace: 'monitoring', annotations: {a: 'b'}},
    };
    const manifests = await render('helm/postern', {values: [values]});
    const {metadata, spec} = only(manifests, 'Deployment');
    assert.deepEqual(metadata.annotations, values.deploymentAnnotations);
    assert.equal(spec.minReadySeconds, 5);
    const pod = spec.template.spec;
    assert.deepEqual(pod.containers[0].lifecycle, values.lifecycle);
    for (const key of ['hostAliases', 'initContainers', 'dnsPolicy'] as const)
      assert.deepEqual(pod[key], values[key], key);
    const {metadata: about, spec: watched} = only(manifests, 'ServiceMonitor');
    assert.equal((about as {namespace?: string}).namespace, 'monitoring');
    assert.deepEqual(watched.namespaceSelector, {matchNames: ['shop']});
    assert.equal(watched.jobLabel, 'app');
    const [endpoint] = watched.endpoints;
    assert.deepEqual([endpoint.scheme, endpoint.tlsConfig, endpoint.honorLabels], ['https', monitor.tlsConfig, true]);
  });

  it('a Service and a service account as clusters want them, and of both charts who stands behind them', async () => {
    const values = {
      service: {
        type: 'LoadBalancer',
        labels: {a: 'b'},
        clusterIP: '10.0.0.1',
        nodePort: 30_001,
        loadBalancerClass: 'acme.example/lb',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        externalTrafficPolicy: 'Local',
        ipFamilyPolicy: 'PreferDualStack',
        ipFamilies: ['IPv6', 'IPv4'],
      },
      serviceAccount: {labels: {c: 'd'}},
    };
    const manifests = await render('helm/postern', {values: [values]});
    assert.deepEqual(await faultsOf(manifests, '1.33.0'), []);
    const {labels, nodePort, ...same} = values.service;
    const services = manifests.filter(({kind}) => kind === 'Service');
    const [service, headless] = [services[0], services[1]];
    for (const [key, value] of Object.entries(same)) assert.deepEqual(service?.spec[key], value, key);
    assert.equal(service?.metadata.labels?.a, labels.a);
    assert.equal(service?.spec.ports[0].nodePort, nodePort);
    assert.deepEqual(headless?.spec.ipFamilies, same.ipFamilies);
    assert.equal(headless?.spec.ports[0].nodePort, undefined);
    assert.equal(only(manifests, 'ServiceAccount').metadata.labels?.c, 'd');
    for (const chart of ['helm/postern', 'helm/postern-sidecar']) {
      const about = parse(readFileSync(join(root, chart, 'Chart.yaml'), 'utf8'));
      const {homepage, repository} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      assert.equal(about.home, homepage, chart);
      assert.deepEqual(about.sources, [repository], chart);
      assert.deepEqual(about.maintainers, [{name: 'Postern maintainers', url: homepage}], chart);
    }
  });

  it('a sidecar is told in Redis from those of other releases, unless it is named', async () => {
    const config = {redis: {url: 'redis://redis:6379'}, entitlements: {source: {type: 'redis'}}};
    const deploymentIn = async (of: object) => {
      const maps = await render('examples/sidecar-app', {values: [{postern: {config: of}}]});
      const map = maps.find(({kind, data}) => kind === 'ConfigMap' && data?.['postern.yaml'] !== undefined);
      return parse(map?.data?.['postern.yaml'] ?? '').entitlements.deployment;
    };
    assert.match(await deploymentIn(config), /^[\w-]+\/[\w-]+$/);
    assert.equal(await deploymentIn({...config, entitlements: {...config.entitlements, deployment: 'mine'}}), 'mine');
    assert.equal(await deploymentIn({entitlements: {source: {type: 'file', path: 'e.yaml'}}}), undefined);
  });

  it('every version is that of the program', async () => {
    const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
    for (const chart of ['helm/postern', 'helm/postern-sidecar']) {
      const about = parse(readFileSync(join(root, chart, 'Chart.yaml'), 'utf8')) as {
        version: string;
        appVersion: string;
      };
      assert.deepEqual([about.version, about.appVersion], [version, version], chart);
    }
    const [pod] = (await render('examples/sidecar-app')).filter(({kind}) => kind === 'Deployment');
    assert.equal(pod?.spec.template.spec.initContainers[0].image, `postern:${version}`);
  });

  // https://kubernetes.io/docs/concepts/security/pod-security-standards/, profile `restricted`.
  for (const {chart, file, name} of cases) {
    it(`pods meet the restricted Pod Security Standard: ${name}`, async () => {
      const pods = (await render(chart, {values: [file]})).flatMap(({kind, spec}) =>
        kind === 'Deployment' ? [spec.template.spec] : kind === 'Pod' ? [spec] : [],
      );
      assert.ok(pods.length > 0);
      for (const pod of pods) {
        for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(pod[key], undefined, key);
        assert.equal(pod.automountServiceAccountToken, false);
        for (const volume of pod.volumes ?? []) {
          const [kind = ''] = Object.keys(volume).filter((key) => key !== 'name');
          assert.ok(['configMap', 'secret', 'projected', 'emptyDir'].includes(kind), kind);
        }
        for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
          const {securityContext: own} = container;
          assert.equal(own.allowPrivilegeEscalation, false);
          assert.deepEqual(own.capabilities, {drop: ['ALL']});
          assert.equal(own.privileged, undefined);
          assert.equal(own.readOnlyRootFilesystem, true);
          assert.equal(own.runAsNonRoot ?? pod.securityContext.runAsNonRoot, true);
          assert.notEqual(own.runAsUser, 0);
          assert.equal((own.seccompProfile ?? pod.securityContext.seccompProfile).type, 'RuntimeDefault');
        }
      }
    });
  }

  it('a ServiceMonitor finds one Service, and each monitor a port that is there', async () => {
    const selects = (selector: Record<string, string>, labels: Readonly<Record<string, string>> = {}) =>
      Object.entries(selector).every(([key, value]) => labels[key] === value);
    const byService = await render('helm/postern', {values: [{serviceMonitor: {enabled: true}}]});
    const {spec} = only(byService, 'ServiceMonitor');
    const found = byService.filter(
      (one) => one.kind === 'Service' && selects(spec.selector.matchLabels, one.metadata.labels),
    );
    assert.equal(found.length, 1);
    assert.ok(found[0]?.spec.ports.some(({name}: {name: string}) => name === spec.endpoints[0].port));

    for (const [chart, values, place] of [
      ['helm/postern', {podMonitor: {enabled: true}}, 'containers'],
      ['examples/sidecar-app', {postern: {podMonitor: {enabled: true}}}, 'initContainers'],
    ] as const) {
      const manifests = await render(chart, {values: [values]});
      const monitor = only(manifests, 'PodMonitor').spec;
      const {metadata, spec: pod} = only(manifests, 'Deployment').spec.template;
      assert.ok(selects(monitor.selector.matchLabels, metadata.labels), chart);
      const ports = pod[place].flatMap((container: {ports?: {name: string}[]}) => container.ports ?? []);
      assert.ok(
        ports.some(({name}: {name: string}) => name === monitor.podMetricsEndpoints[0].port),
        chart,
      );
    }
  });

  it('a Service of the chart reaches its pods, and a NetworkPolicy, a budget and a spread mean them', async () => {
    const manifests = await render('helm/postern', {values: [{networkPolicy: {enabled: true}}]});
    const {metadata, spec} = only(manifests, 'Deployment').spec.template;
    const selectors: Record<string, string>[] = [
      ...manifests.filter(({kind}) => kind === 'Service').map((one) => one.spec.selector),
      only(manifests, 'NetworkPolicy').spec.podSelector.matchLabels,
      only(manifests, 'PodDisruptionBudget').spec.selector.matchLabels,
      ...spec.topologySpreadConstraints.map(
        (one: {labelSelector: {matchLabels: object}}) => one.labelSelector.matchLabels,
      ),
    ];
    assert.equal(selectors.length, 6);
    for (const selector of selectors) {
      for (const [key, value] of Object.entries(selector)) assert.equal(metadata.labels[key], value, key);
    }
    const test = manifests.find(({kind}) => kind === 'Pod');
    const isMeant = Object.entries(selectors[0] ?? {}).every(([key, value]) => test?.metadata.labels?.[key] === value);
    assert.equal(isMeant, false, 'the pod of `helm test` would be sent checks');
  });

  const closedRules = [{name: 'a', match: {}, require: {}}];
  const acme = {name: 'acme', type: 'oidc', issuer: 'https://id.acme.example', audience: ['https://api.example:99']};
  const egresses: readonly [what: string, values: object, ports: readonly number[]][] = [
    ['the default', {}, []],
    ['Redis at its usual port', {config: {redis: {url: 'redis://redis'}}}, [6379]],
    ['Redis by TLS, with a password from outside', {config: {redis: {url: 'rediss://u:${PW}@redis:6380/0'}}}, [6380]],
    ['Redis from outside', {config: {redis: {url: '${REDIS_URL}'}}}, [6379]],
    ['a cluster', {config: {redis: {cluster: ['a:7000', '[fd00::1]:7001', 'c:7000']}}}, [7000, 7001]],
    ['sentinels, and the master', {config: {redis: {sentinel: {master: 'm', nodes: ['s:26379']}}}}, [26379, 6379]],
    [
      'issuers at other ports, IPv6 too',
      {config: {providers: [{...acme, issuer: 'https://[fd00::1]:8443/x', jwksUri: 'http://keys/', insecure: true}]}},
      [8443, 80],
    ],
    ['a source', {config: {entitlements: {source: {type: 'http', url: 'https://plans:9443/'}}}}, [9443]],
    [
      'a proxy alone',
      {config: {providers: [{...acme, issuer: 'https://id:8443'}], remote: {proxy: 'http://u:${PW}@proxy:3128'}}},
      [3128],
    ],
    [
      'a proxy, and what is reached without it',
      {
        config: {
          providers: [{...acme, issuer: 'https://id:8443'}],
          remote: {proxy: 'http://proxy:3128', noProxy: ['id']},
        },
      },
      [8443, 3128],
    ],
    [
      'a port of which the values speak is left to them',
      {
        config: {redis: {url: 'redis://redis'}},
        networkPolicy: {egress: [{ports: [{port: 6379, protocol: 'TCP'}], to: [{podSelector: {}}]}]},
      },
      [443],
    ],
    ['a rule for all ports', {config: {redis: {url: 'redis://redis'}}, networkPolicy: {egress: [{to: []}]}}, []],
    ['none, on purpose', {config: {redis: {url: 'redis://redis'}}, networkPolicy: {egressFromConfig: false}}, []],
  ];
  for (const [what, values, ports] of egresses)
    it(`egress of the NetworkPolicy: ${what}`, async () => {
      const {config = {}, networkPolicy = {}} = values as {config?: object; networkPolicy?: object};
      const whole = {
        config: {providers: [acme], rules: closedRules, ...config},
        networkPolicy: {enabled: true, ...networkPolicy},
      };
      const {egress} = only(await render('helm/postern', {values: [whole]}), 'NetworkPolicy').spec as {
        egress: {ports?: {port: number}[]; to?: unknown}[];
      };
      assert.deepEqual(
        egress[0]?.ports?.map(({port}) => port),
        [53, 53],
      );
      const given = (networkPolicy as {egress?: object[]}).egress ?? [{ports: [{port: 443, protocol: 'TCP'}]}];
      assert.deepEqual(egress.slice(-given.length), given);
      const derived = egress.slice(1, -given.length);
      assert.deepEqual(
        derived.flatMap((one) => one.ports?.map(({port}) => port) ?? []),
        ports,
      );
    });

  for (const [listen, port] of [
    ['0.0.0.0:9193', 9193],
    ['[::]:9193', 9193],
    ['127.0.0.1:9193', undefined],
    ['unix:///run/answers.sock', undefined],
  ] as const)
    it(`answers for the application on ${listen}: ${port === undefined ? 'for the pod alone' : 'a port'}`, async () => {
      const entitlements = {source: {type: 'http', url: 'https://billing.example/e'}};
      const config = {answers: {listen}, entitlements, rules: [{name: 'b', match: {}, deny: true}]};
      const manifests = await render('helm/postern', {values: [{config, networkPolicy: {enabled: true}}]});
      const {ports: served} = only(manifests, 'Deployment').spec.template.spec.containers[0] as {
        ports: {name: string}[];
      };
      assert.deepEqual(
        served.filter(({name}) => name === 'answers'),
        port === undefined ? [] : [{name: 'answers', containerPort: port, protocol: 'TCP'}],
      );
      for (const service of manifests.filter(({kind}) => kind === 'Service')) {
        const found = (service.spec.ports as {name: string; port: number}[]).find(({name}) => name === 'answers');
        assert.equal(found?.port, port);
      }
      const {ingress} = only(manifests, 'NetworkPolicy').spec as {ingress: {ports: {port: string}[]}[]};
      assert.equal(
        ingress.some(({ports}) => ports.some((one) => one.port === 'answers')),
        port !== undefined,
      );
    });

  for (const tls of [undefined, {cert: '/s/tls.crt', key: '/s/tls.key', clientCa: '/s/ca.crt'}])
    it(`says that answers speak ${tls === undefined ? 'HTTP' : 'TLS'}`, async () => {
      const entitlements = {source: {type: 'http', url: 'https://billing.example/e'}};
      const answers = {listen: '0.0.0.0:9193', ...(tls && {tls, trust: {clients: ['spiffe://a.example/b']}})};
      const config = {answers, entitlements, rules: [{name: 'b', match: {}, deny: true}]};
      const manifests = await render('helm/postern', {values: [{config}]});
      for (const service of manifests.filter(({kind}) => kind === 'Service')) {
        const ports = service.spec.ports as {name: string; appProtocol: string}[];
        assert.equal(ports.find(({name}) => name === 'answers')?.appProtocol, tls === undefined ? 'http' : 'https');
      }
    });

  it('a changed configuration rolls the pods, unless it is not to', async () => {
    const sumOf = async (values: object) => {
      const deployment = only(await render('helm/postern', {values: [values]}), 'Deployment');
      return deployment.spec.template.metadata.annotations['checksum/config'] as string | undefined;
    };
    const closed = {config: {rules: [{name: 'b', match: {}, deny: true}]}};
    assert.notEqual(await sumOf({}), await sumOf(closed));
    assert.equal(await sumOf({...closed, rollOnConfigChange: false}), undefined);
  });

  it('a cluster of IPv6 alone', async () => {
    for (const [chart, values] of [
      ['helm/postern', {listenAddress: '[::]'}],
      ['examples/sidecar-app', {postern: {listenAddress: '[::]'}}],
    ] as const) {
      const map = only(await render(chart, {values: [values]}), 'ConfigMap', 'shop-postern');
      assert.equal(parse(map.data?.['postern.yaml'] ?? '').admin.listen, '[::]:9190');
    }
  });

  it('alerts: some left out, all labelled, their templates untouched', async () => {
    const source = parse(readFileSync(join(root, 'helm/postern/files/alerts.yaml'), 'utf8'));
    type Rule = {alert?: string; labels?: Record<string, string>; annotations?: Record<string, string>};
    const all = (source.groups as {rules: Rule[]}[])
      .flatMap(({rules}) => rules)
      .filter(({alert}) => alert !== undefined);
    const first = all[0]?.alert ?? assert.fail('there are no alerts');
    const manifests = await render('helm/postern', {
      values: [
        {
          prometheusRule: {
            enabled: true,
            disabled: [first],
            alertLabels: {team: 'edge'},
            extraGroups: [{name: 'more', rules: []}],
          },
        },
      ],
    });
    const {groups} = only(manifests, 'PrometheusRule').spec as {groups: {name: string; rules: Rule[]}[]};
    assert.equal(groups.at(-1)?.name, 'more');
    const rendered = groups.flatMap(({rules}) => rules).filter(({alert}) => alert !== undefined);
    assert.deepEqual(
      rendered.map(({alert}) => alert),
      all.filter(({alert}) => alert !== first).map(({alert}) => alert),
    );
    for (const one of rendered) {
      assert.equal(one.labels?.team, 'edge');
      assert.deepEqual(one.annotations, all.find(({alert}) => alert === one.alert)?.annotations);
    }
  });

  it('the dashboard comes as Grafana looks for it', async () => {
    const manifests = await render('helm/postern', {values: [{dashboard: {enabled: true, namespace: 'grafana'}}]});
    const map = only(manifests, 'ConfigMap', 'shop-postern-dashboard');
    assert.equal(map.metadata.labels?.grafana_dashboard, '1');
    const shipped = JSON.parse(readFileSync(join(root, 'helm/postern/files/dashboard.json'), 'utf8'));
    assert.deepEqual(JSON.parse(map.data?.['postern.json'] ?? ''), shipped);
  });

  it('the notes say what to do next', async () => {
    // Helm prints notes where it installs; a template that includes them shows them without a cluster.
    const copy = join(temporaryFolder(), 'postern');
    mkdirSync(copy, {recursive: true});
    cpSync(join(root, 'helm/postern'), copy, {recursive: true});
    const notes = readFileSync(join(copy, 'templates/NOTES.txt'), 'utf8');
    writeFileSync(join(copy, 'templates/_notes.tpl'), `{{- define "notes" -}}\n${notes}\n{{- end -}}`);
    writeFileSync(
      join(copy, 'templates/notes.yaml'),
      stringify({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'notes'}}) +
        'data: {notes: {{ include "notes" . | quote }}}\n',
    );
    const {stdout} = await run(await tool('helm'), ['template', 'shop', copy, '--namespace', 'shop']);
    const text = only(manifestsOf(stdout), 'ConfigMap', 'notes').data?.notes ?? '';
    assert.match(text, /NO RULE IS CONFIGURED/);
    assert.match(text, /helm -n shop test shop/);
    assert.match(text, /shop-postern\.shop\.svc\.cluster\.local/);
    assert.match(text, /kubectl -n shop exec deployment\/shop-postern -- postern --help/);
    assert.match(text, /logs -l app\.kubernetes\.io\/instance=shop,app\.kubernetes\.io\/name=postern /);
    // Two pods by default, and nothing that one could tell the other by.
    const alone = /A REVOCATION REACHES ONE POD ONLY/;
    assert.match(text, alone);
    for (const set of ['config.redis.url=redis://redis:6379', 'replicaCount=1']) {
      const args = ['template', 'shop', copy, '--namespace', 'shop', '--set', set];
      const {stdout: other} = await run(await tool('helm'), args);
      assert.doesNotMatch(only(manifestsOf(other), 'ConfigMap', 'notes').data?.notes ?? '', alone, set);
    }
    assert.doesNotMatch(text, /EVICTED/);
    for (const [set, kept] of [
      ['podDisruptionBudget.minAvailable=2', '2 of 2'],
      ['podDisruptionBudget.minAvailable=100%', 'all of them'],
      ['podDisruptionBudget.maxUnavailable=0', 'all of them'],
      ['podDisruptionBudget.minAvailable=1', undefined],
      ['podDisruptionBudget.minAvailable=50%', undefined],
      ['autoscaling.enabled=true,podDisruptionBudget.minAvailable=2', '2 of 2'],
      ['replicaCount=1', undefined],
    ] as const) {
      const args = ['template', 'shop', copy, '--namespace', 'shop', '--set', set];
      const {stdout: other} = await run(await tool('helm'), args);
      const told = only(manifestsOf(other), 'ConfigMap', 'notes').data?.notes ?? '';
      assert.equal(/NO POD MAY BE EVICTED: podDisruptionBudget keeps (.*), so/.exec(told)?.[1], kept, set);
    }
  });
});
