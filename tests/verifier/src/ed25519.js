// The strict rule for Ed25519 (docs/format.md, section 2). Implementations agree on ordinary signatures and differ on crafted
// ones; what they differ on is refused here first, and only then is WebCrypto asked for the cofactorless equation.

import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { concat, equal, hex } from './bytes.js';

const FIELD_PRIME = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SMALL_ORDER = new Set(ED25519_TORSION_SUBGROUP);

function littleEndian(bytes) {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

/** Whether the y coordinate is reduced. Decoding refuses the other non-canonical form, x = 0 with its sign bit set. */
function isReduced(encoded) {
  return (littleEndian(encoded) & (2n ** 255n - 1n)) < FIELD_PRIME;
}

/** Whether a public key is canonical, on the curve, not of small order and free of torsion. */
export function isGoodKey(point) {
  if (point.length !== 32 || !isReduced(point)) return false;
  try {
    const decoded = ed25519.Point.fromBytes(point);
    return equal(decoded.toBytes(), point) && !decoded.isSmallOrder() && decoded.isTorsionFree();
  } catch {
    return false;
  }
}

/** Whether R is canonical and not of small order, the identity included. Whether it is on the curve the equation shows. */
function isGoodCommitment(encoded) {
  return isReduced(encoded) && !SMALL_ORDER.has(hex(encoded)) && !isSmallOrderWithSign(encoded);
}

/** x = 0 has no sign: the two points of order 1 and 2 with the sign bit set are no encodings at all. */
function isSmallOrderWithSign(encoded) {
  const cleared = concat(encoded.subarray(0, 31), Uint8Array.of(encoded[31] & 0x7f));
  return SMALL_ORDER.has(hex(cleared));
}

/** Verifies signatures; a key is judged when it first appears and remembered. */
export class Verifier {
  #keys = new Map();

  isGoodKey(point) {
    const name = hex(point);
    if (!this.#keys.has(name)) this.#keys.set(name, { good: isGoodKey(point), imported: null });
    return this.#keys.get(name).good;
  }

  /** Whether the signature is the key's by the strict rule. */
  async verify(point, signature, message) {
    if (signature.length !== 64 || !this.isGoodKey(point)) return false;
    if (!isGoodCommitment(signature.subarray(0, 32))) return false;
    if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false;
    const known = this.#keys.get(hex(point));
    known.imported ??= crypto.subtle.importKey('raw', point, { name: 'Ed25519' }, false, ['verify']);
    return crypto.subtle.verify({ name: 'Ed25519' }, await known.imported, signature, message);
  }
}
