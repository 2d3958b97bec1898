// What is signed: the bytes of OpenSSH, and those of a security key around them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, hex, utf8 } from '../src/bytes.js';
import { Verifier } from '../src/ed25519.js';
import { readEntry } from '../src/entry.js';
import { parseKey, signedBytes } from '../src/sshsig.js';
import { encode, NOON, testKey, testSeed } from './forge.js';

const PRESENT = 1;

test('the preimage is that of PROTOCOL.sshsig', () => {
  assert.equal(hex(signedBytes('rollcall-event-v1', utf8(''))).slice(0, 84),
    `${hex(utf8('SSHSIG'))}00000011${hex(utf8('rollcall-event-v1'))}0000000000000006${hex(utf8('sha512'))}00000040`.slice(0, 84));
});

test('a key is a point, or a point and the application of a security key', () => {
  const key = (application) => concat(testKey('ann'), utf8(application));
  for (const application of ['', 'ssh:', 'ssh:work']) assert.ok(parseKey(key(application)), application);
  for (const application of ['ss', 'web:', `ssh:${'x'.repeat(125)}`]) assert.equal(parseKey(key(application)), null, application);
  assert.equal(parseKey(testKey('ann').subarray(1)), null);
});

async function codeOf({ application = 'ssh:', flags = PRESENT, counter = 7, signature = null }) {
  const payload = encode({});
  const key = concat(testKey('ann'), utf8(application));
  const tail = Uint8Array.of(flags, 0, 0, 0, counter);
  const message = concat(sha256(utf8('ssh:')), tail, sha256(signedBytes('rollcall-event-v1', payload)));
  const signed = signature ?? concat(ed25519.sign(message, testSeed('ann')), tail);
  return (await readEntry(encode([1, NOON, [payload, key, signed]]), new Verifier())).fault.code;
}

test('a security key\'s signature needs its owner\'s presence and its own application', async () => {
  assert.equal(await codeOf({}), 'not-an-act');
  assert.equal(await codeOf({ flags: 5 }), 'not-an-act');
  assert.equal(await codeOf({ flags: 4 }), 'bad-signature');
  assert.equal(await codeOf({ application: 'ssh:other' }), 'bad-signature');
  assert.equal(await codeOf({ application: '' }), 'bad-signature');
  assert.equal(await codeOf({ signature: new Uint8Array(64) }), 'bad-signature');
});
