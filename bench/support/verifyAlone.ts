// What one verification of a signature costs by itself, as src/providers/jwtSignature.ts does it: RS256, a key of 2,048 bits.
// `node verifyAlone.ts ROUNDS` prints the microseconds of processor of each round as JSON.
import {generateKeyPairSync, sign, verify} from 'node:crypto';

const count = 2_000;
const {publicKey, privateKey} = generateKeyPairSync('rsa', {modulusLength: 2_048});
/** As long as the header and claims of the tokens of the benchmark. */
const signed = Buffer.alloc(500, 'x');
const signature = sign('sha256', signed, privateKey);

const round = (): number => {
  const before = process.cpuUsage();
  for (let at = 0; at < count; at++) {
    if (!verify('sha256', signed, publicKey, signature)) throw new Error('not verified');
  }
  const {user, system} = process.cpuUsage(before);
  return (user + system) / count;
};

round();
console.log(JSON.stringify(Array.from({length: Number(process.argv[2])}, round)));
