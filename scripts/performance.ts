// Writes docs/performance.md from what the benchmark has kept: `node scripts/performance.ts` (`--check`: is it up to date?).
import {readFileSync, writeFileSync} from 'node:fs';
import {cases} from '../bench/cases/index.ts';
import type {Figure} from '../bench/support/figures.ts';
import {readResults} from '../bench/support/result.ts';
import {type Pod, pods, resourcesOf, roomOf} from '../bench/support/room.ts';
import {wrapPage} from './wrap.ts';

const page = new URL('../docs/performance.md', import.meta.url);
const results = readResults();

const row = ({what, unit, value, low, high, goal}: Figure): string => {
  const between = low === high ? '' : `${low} to ${high}`;
  const aim = goal === undefined ? '' : `${goal}${value <= goal ? '' : ', **not reached**'}`;
  return `| ${what} | ${value} ${unit} | ${between} | ${aim} |`;
};

/** A case as the page shows it. */
const section = (name: string, what: string): string => {
  const result = results[name];
  if (result === undefined) return `### ${name}\n\nNot measured yet: ${what}.`;
  const {at, seconds, load, versions = {}, figures} = result;
  const others = Object.entries(versions).map(([program, version]) => `, ${program} ${version}`);
  return `### ${name}

${what[0]?.toUpperCase()}${what.slice(1)}. Measured ${at.replace('T', ' ')} in ${seconds} s, load ${load}${others.join('')}.

| | median | middle half of the rounds | goal, at most |
|---|---|---|---|
${figures.map(row).join('\n')}`;
};

/** What was measured, as it is said in a sentence. */
const said = (name: string, what: string): string => {
  const found = results[name]?.figures.find((one) => one.what === what);
  return found === undefined ? '(not measured)' : `${found.value} ${found.unit}`;
};

const missed = Object.entries(results).flatMap(([name, {figures}]) =>
  figures
    .filter(({value, goal}) => goal !== undefined && value > goal)
    .map(({what, value, unit, goal}) => `\`${name}\`, ${what}: ${value} ${unit}, and ${goal} was aimed at`),
);

const many = (count: number): string => count.toLocaleString('en');

/** The arithmetic for one chart. */
const given = (name: string, pod: Pod): string => {
  const room = roomOf(pod, results);
  const {usual, most, chart} = pod;
  const {request, limit} = resourcesOf(chart);
  return `**The ${name}** (\`helm/${chart}\`) asks for ${request} MiB, for ${many(usual.tokens)} tokens in use, ${many(usual.grants)} grants and
${many(usual.revocations)} revocations: ${room?.steps.request ?? 'not measured yet'}. It is let up to ${limit} MiB, for as many tokens as
are kept, ${many(most.grants)} grants and ${many(most.revocations)} revocations: ${room?.steps.limit ?? 'not measured yet'}.`;
};

const machines = [...new Set(Object.values(results).map(({machine, node}) => `${machine}, Node ${node}`))];

const text = `# What a decision costs

This page is made by \`node scripts/performance.ts\` from \`bench/results/latest.json\`, which \`npm run bench -- --write\`
writes. \`npm run bench -- --list\` says which cases there are, \`npm run bench NAME\` runs one, and \`npm run bench -- --check\`
fails where a ratio has become worse by more than 15 % and the middle halves of the rounds, then and now, have nothing in common.

## How it is measured

The program of the image, with its flags, variables and compiled code, on one core; the caller, over plain HTTP/2, on another.
A CheckRequest of 1.9 kB with a token, a rule with a tenant, a permission and a feature, and three identity headers: the usual
job, of which each case changes one thing. Those that are compared run in the same minutes and take turns, there and back, for
most of a second each after a warm-up; a ratio is taken of each round, and shown are the median and between what the middle half of the
rounds lies. Processor time is that of all threads of the process, by the kernel; memory is what is resident, by
\`smaps_rollup\`. Where waiting counts, calls come at random moments whoever still waits, and a wait begins when the call was
due. Read the ratios: what the machine takes is its own, and a load of more than 0 before a case says that the machine did other
work, which moves them, too. Postern counts every call as allowed, or the run fails.

## The last run

${machines.join('; ')}.

${Object.entries(cases)
  .map(([name, {what}]) => section(name, what))
  .join('\n\n')}

## What to give a pod

${Object.entries(pods)
  .map(([name, pod]) => given(name, pod))
  .join('\n\n')}

What is added up: what is resident after the run of \`floor\`; what tokens, grants and revocations hold (\`holdings\`), and half
as much again, for which V8 lets garbage wait; at most, what was resident when nobody came twice (\`churn\`: as many tokens as
are kept at all), all grants twice while they are read anew, and 64 MiB while a configuration of 1,000 rules is read
(docs/operate.md). test/bench/room.test.ts holds the charts to it. No limit of CPU: it would show as late answers.

What callers can fill is bounded: 64 MiB of verified principals, for each provider 16 of claims and 16 of tokens' texts, and 32
for each kind of fact that a vendor is asked for. Of what is resident some 50 MiB are the file of Node itself, which pods on one
machine share and which the kernel takes back where memory is short; a limit of a pod counts it. The rest at rest: 8 of V8's
young generation, 20 of its other heap, 4 of the program's text, and what Node and its libraries hold besides.

## What it does for that

- A message is read from its bytes (\`src/envoy/read.ts\`): what nobody reads is stepped over, and a header becomes a string
  when somebody asks for it. What is not of the form in which Envoy writes is left to protobufjs, which is also the
  reference of the tests. Messages with raw headers (\`encode_raw_headers\`) and with more than 64 headers go that way.
- An answer is written from its end to its beginning (\`src/envoy/write.ts\`); what changes for a principal is kept,
  as a text: as a short Buffer each kept 64 KiB of Node's pool with others, 5.7 kB for each token in use.
- A decision that needs nobody is made without a promise, a timer or a place in the list of those who wait.
- What is read of a request is kept at the request: WeakMaps that gain and lose an entry with each call cost every
  collection of garbage.
- A call is let go when it has closed (\`src/envoy/gate.ts\`). Node keeps the streams of a connection in a Map, and what such
  a table has outgrown holds what stood in it until V8 collects everything: a third of the calls, with all that hung on them,
  outlived their answer. Now 5 % of the young generation survives a collection, which was 40 %; of twelve full
  collections two are left, and garbage is an eighth of the processor time, which was a third.
- Check is answered in an interceptor of grpc-js (\`src/envoy/unary.ts\`), before a writable stream and a dozen functions are
  made of the call. Both together took a call from 44 µs to 33, beside 24 for the empty handler.
- A token in use is found by its own text (\`src/core/remembering.ts\`), and not hashed again.
- V8 does not pretenure (\`--no-allocation-site-pretenuring\`, \`src/launch.ts\`). Where most of what a place in the code makes has
  outlived two collections, as while the first calls wait for keys, V8 makes all of it in the old generation from then on.
  What hangs on it lives on as well: 42 % of the young generation survived a collection, five full collections came in place of
  one, and the process took twice the processor time until it ended. That befell about one start of four or five, by chance.
- V8's young generation has a quarter of its usual room, and in the image its old generation grows by 40 % before it is
  collected. malloc has one arena, and thresholds that stay: by itself it raises them with what is let go, and keeps up to 8 MiB.
- The image goes without Maglev, V8's quick compiler: its compilations took 20 MiB that malloc did not give back, and no less
  processor time. undici's parser of HTTP answers is WebAssembly, and V8 compiled it for speed after the first answer: 10 MiB.
- The image is one file, with what V8 has compiled of it beside; of ASCII alone and without comments, for one dash in a comment
  made V8 hold 12 MiB of text in place of 4. Node's own modules are not taken by \`import\`, which looks at all that a module has:
  \`http\` has a WebSocket, and for that Node loaded an HTTP client of its own, 2 MiB. Redis' client is loaded where it is used.
- RS256 is verified with the key alone. In an object beside it (\`{key, padding}\`) Node takes 26 µs in place of 17: before it looks
  into the object, it has an error made that it is no key.
- Lists that are kept for a principal have no room to spare, and principals that lack the same headers share one list of them.

## What was tried and did not pay

- \`--optimize-for-size\`: half of the memory under load, for 2.5 times the processor time.
- \`--single-threaded-gc\`: 40 % more memory, and no processor time.
- Shortened names in the image's file: 1.4 MB less of text, no difference in what is resident, and no stack trace to read.
- \`MALLOC_MMAP_THRESHOLD_\` of 30 kB, so that what compilations take is given back: 13 MiB less, and each read of a socket is a
  call of the kernel more: 1.6 times the processor time.
- A full collection of garbage when the program is ready: nothing, with a young generation of 4.
- Growth of the old generation by 25 or 30 % in place of 40: 12 MiB less after the run, for some 5 to 10 % of processor time.
- \`--max-inlined-bytecode-size-cumulative=460\` and \`--concurrent-turbofan-max-threads=1\`: no less at the peak of compiling.
- V8's compiled code beside the program left out: no less in memory, and a later start.
- Sending the status together with the message: Node waits for the message to leave before it asks for trailers. By grpc-js
  there is no other way to say them.
- A timer for each deadline, a list of metadata for each call, and three buffers for the five bytes before a message are
  grpc-js' own, and cannot be turned off by its options.
- \`--no-parallel-scavenge\`, \`--max-lazy\`, \`--v8-pool-size=1\`: no difference beyond the noise of the machine. A young generation
  of 2 in place of 4: 4 MiB less, and some 5 to 20 % of processor time.

## Where the limit is, and where others are better

- Of the processor time most is node:http2, grpc-js and garbage collection, and own code is a sixth: what is left to be
  gained is in how many objects a call of grpc-js makes, not in the decision.
${missed.length === 0 ? '- Every goal is reached in the last run.' : `- **Goals that are not reached** in the last run: ${missed.join('; ')}.`}
- **Memory**: heimdall (Go) takes 69 MiB at rest and 82 MiB after 200,000 calls, opa-envoy 44 and 49, measured outside of
  this project for the same work. Node itself takes 42 MiB.
- **While a configuration is read**, for half a second with 2,000 rules, decisions wait for slices of that work on the same
  core: half of them hardly longer (p50), one of a hundred some 15 ms. Reading in a thread, and slices of a few
  milliseconds, were 4.5 s without an answer before; smaller slices make the reading longer, and cost as many waits.
- **Redis** costs some 10 % of a decision, there or hanging: what is asked of it is asked aside, and is not nothing.
- **Memory flat for an hour** was looked at for ${said('churn', 'length')}: what is kept for callers has bounds in bytes, and these are
  reached within the first minutes.
- **Waits** were measured three times in an hour: p99 was 0.89 and 0.98 times that of the empty handler, and once 3.8, with
  calls that queued for a tenth of a second. That was not seen again, and what it was is not known.
- **A token that was never seen before** is read, hashed and verified, and its principal is made and kept. What is kept outlives
  a collection, and garbage is a third of what it costs beside the verification.
- **10,000 rules** take no more steps to look through than 10. Asked in turn, each lies where the processor does not have it at hand.
- **One call after the other** finds the processor's caches cold, and what a decision takes then is seen whole; under load it is not.
- **Many cores in one process**: Postern decides on one. Run more instances.
- **Processor time** beside those two, measured outside of this project before this page was made: 0.6 times heimdall's and
  0.3 times opa-envoy's.
- **Envoy's own \`jwt_authn\` and \`rbac\`** make no call at all: a request takes ${said('envoy', 'CPU of a request, jwt_authn and rbac')} of processor with them,
  ${said('envoy', 'CPU of a request, Postern')} with Postern, and ${said('envoy', 'CPU of a request, no check')} without any check. Where a token and its claims are all that is
  looked at, take them.
- **A unary server over \`node:http2\`** without grpc-js: an empty one takes ${said('http2', 'CPU of a call')} of the processor time of one on
  grpc-js. The price is deadlines, cancellation, draining, health, keepalive, limits of messages and of headers, and
  compression of our own, where now a library that others watch has them. It is not used.
`;

/** `npm run format` wraps pages: where a line ends is its own. */
const words = (of: string): string => of.replace(/\s+/g, ' ').trim();

if (process.argv.includes('--check')) {
  if (words(readFileSync(page, 'utf8')) !== words(text)) {
    console.error('docs/performance.md is not what bench/results/latest.json says: node scripts/performance.ts');
    process.exitCode = 1;
  }
} else writeFileSync(page, wrapPage(text.replace(/(?<=[^\n|])\n(?=[^\n|#-])\s*/g, ' ')));
