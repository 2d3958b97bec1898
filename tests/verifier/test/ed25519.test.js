// The strict rule, crafted signatures one by one: each is accepted by some implementation, and none by ours.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, fromHex, utf8 } from '../src/bytes.js';
import { Verifier } from '../src/ed25519.js';
import { vectors } from './elsewhere.js';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const { Point } = ed25519;
const SECRET = 1234567890123456789012345678901234567890n;
const MESSAGE = utf8('event 1');
const verifier = new Verifier();

function littleEndian(bytes) {
  return [...bytes].reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function scalar(value) {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** A signature that meets the cofactorless equation for any encodings of R = r B + T and A = a B + U, as far as any can. */
function craft({ r, key = Point.BASE.multiply(SECRET).toBytes(), commitment, secret = SECRET }) {
  const encoded = commitment ?? Point.BASE.multiplyUnsafe(r).toBytes();
  const challenge = littleEndian(sha512(concat(encoded, key, MESSAGE))) % ORDER;
  return { key, signature: concat(encoded, scalar((r + challenge * secret) % ORDER)) };
}

const verdict = ({ key, signature }) => verifier.verify(key, signature, MESSAGE);
const torsion = (i) => Point.fromBytes(fromHex(ED25519_TORSION_SUBGROUP[i]), true);

test('an ordinary signature is good, and over other bytes it is not', async () => {
  const ordinary = craft({ r: 77n });
  assert.equal(await verdict(ordinary), true);
  assert.equal(await verifier.verify(ordinary.key, ordinary.signature, utf8('event 2')), false);
});

test('R equal to the identity is refused, although the equation holds', async () => {
  assert.equal(await verdict(craft({ r: 0n, commitment: Point.ZERO.toBytes() })), false);
});

test('R of small order is refused, in every encoding', async () => {
  for (const encoded of ED25519_TORSION_SUBGROUP) {
    for (const sign of [0, 0x80]) {
      const commitment = fromHex(encoded);
      commitment[31] ^= sign;
      assert.equal(await verdict(craft({ r: 0n, commitment })), false, encoded);
    }
  }
});

test('R that is not reduced is refused', async () => {
  const commitment = scalar(2n ** 255n - 19n + 1n);
  assert.equal(await verdict(craft({ r: 0n, commitment })), false);
});

test('R with a component of small order is refused', async () => {
  const commitment = Point.BASE.multiply(77n).add(torsion(1)).toBytes();
  assert.equal(await verdict(craft({ r: 77n, commitment })), false);
});

test('S + L is refused, and so is every S that is not reduced', async () => {
  const { key, signature } = craft({ r: 77n });
  const s = littleEndian(signature.subarray(32));
  for (let more = ORDER; s + more < 2n ** 256n; more += ORDER) {
    assert.equal(await verdict({ key, signature: concat(signature.subarray(0, 32), scalar(s + more)) }), false);
  }
});

test('a key of small order, with torsion, not reduced or not on the curve is refused', async () => {
  const mixed = Point.BASE.multiply(SECRET).add(torsion(1)).toBytes();
  for (const encoded of ED25519_TORSION_SUBGROUP) assert.equal(verifier.isGoodKey(fromHex(encoded)), false);
  assert.equal(verifier.isGoodKey(mixed), false);
  assert.equal(verifier.isGoodKey(scalar(2n ** 255n - 19n + 1n)), false);
  assert.equal(verifier.isGoodKey(scalar(2n ** 255n - 19n + 3n)), false);
  assert.equal(verifier.isGoodKey(scalar(1n | (1n << 255n))), false);
  assert.equal(verifier.isGoodKey(scalar(2n)), false);
  assert.equal(await verdict(craft({ r: 77n, key: mixed })), false);
});

test('of the CCTV vectors exactly the ordinary one is good', async (context) => {
  const cases = JSON.parse(vectors(context, 'ed25519-cctv.json') ?? '[]');
  for (const { number, key, sig, msg, flags } of cases) {
    const isGood = await verifier.verify(fromHex(key), fromHex(sig), utf8(msg));
    assert.equal(isGood, flags === null, `number ${number}`);
  }
});

test('the crafted signature with a torsion component in R is refused', async (context) => {
  const text = vectors(context, 'ed25519-torsion-r.json') ?? '{"key":"","msg_hex":"","sig":""}';
  const { key, msg_hex: message, sig } = JSON.parse(text);
  assert.equal(await verifier.verify(fromHex(key), fromHex(sig), fromHex(message)), false);
});
