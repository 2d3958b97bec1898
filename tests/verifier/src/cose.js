// COSE Receipts (RFC 9942): a COSE_Sign1 over the root of an RFC 9162 tree, with a proof beside it that leads to that root.

import { concat, u32be, utf8 } from './bytes.js';
import { Reader } from './cbor.js';
import { attempt, refuse } from './fault.js';
import { isInteger } from './field.js';
import { RECEIPT_BYTES_MAX } from './limits.js';

const SIGN1 = 18;
const ALG = 1;
const CRITICAL = 2;
const PROOF_KIND = 395;
const RFC9162_SHA256 = 1;
const PROOFS = 396;
const PROOF_LABELS = { inclusion: -1, consistency: -2 };
/** Ed25519, and EdDSA as older tools call it. */
const ALGORITHMS = new Set([-19, -8]);
const SIGNATURE_BYTES = 64;
const HASHES_MAX = 64;

const NEGATIVE = 1;
const TAG = 6;
const NULL = 0xf6;

class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** CBOR as COSE needs it: besides the format's own kinds negative integers, null and tags, and maps in any order. */
class CoseReader extends Reader {
  other(first, depth) {
    if (first === NULL) return null;
    const argument = this.argument(first & 31);
    if (first >> 5 === NEGATIVE) return typeof argument === 'number' ? -1 - argument : -1n - argument;
    return first >> 5 === TAG ? new Tagged(argument, this.nested(depth + 1)) : super.other();
  }

  nested(depth) {
    this.enter(1, depth);
    return this.item(depth);
  }

  map(length, depth) {
    this.enter(length, depth);
    const map = new Map();
    for (let i = 0; i < length; i += 1) {
      const label = this.item(depth);
      const isLabel = typeof label === 'string' || isInteger(label);
      if (!isLabel || map.has(label)) fail('a label that is none, or stands twice');
      map.set(label, this.item(depth));
    }
    return map;
  }
}

function fail(what) {
  return refuse('not-a-receipt', what);
}

function decode(bytes) {
  const { value, fault } = attempt(() => new CoseReader(bytes).whole());
  return fault === null ? value : fail(fault.message);
}

/**
 * `{ proof, signature, signedOver }` of the one proof of a kind that a receipt carries: two BigInt and a path of hashes, and what
 * the signature is over for a root.
 */
export function readCose(bytes, kind) {
  if (bytes.length > RECEIPT_BYTES_MAX) fail('the file is too long');
  const item = decode(bytes);
  const parts = item instanceof Tagged && item.tag === SIGN1 && Array.isArray(item.value) ? item.value : [];
  const [header, unprotected, payload, signature] = parts;
  const isSign1 = parts.length === 4 && header instanceof Uint8Array && unprotected instanceof Map && payload === null &&
    signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES;
  if (!isSign1) fail('no COSE_Sign1 without a payload');
  judgeHeader(header);
  return { proof: readProof(unprotected, kind), signature, signedOver: (root) => signatureStructure(header, root) };
}

/** What is protected says how to verify. What must be understood and is not known here makes the receipt nobody's to judge. */
function judgeHeader(bytes) {
  const header = decode(bytes);
  const isKnown = header instanceof Map && ALGORITHMS.has(header.get(ALG)) && header.get(PROOF_KIND) === RFC9162_SHA256;
  if (!isKnown || header.has(CRITICAL)) fail('another algorithm, another kind of tree, or a header that must be understood');
}

function readProof(unprotected, kind) {
  const proofs = unprotected.get(PROOFS);
  const list = proofs instanceof Map && proofs.size === 1 ? proofs.get(PROOF_LABELS[kind]) : undefined;
  if (!Array.isArray(list) || list.length !== 1 || !(list[0] instanceof Uint8Array)) fail(`not one proof of ${kind}`);
  const proof = decode(list[0]);
  const [first, second, path] = Array.isArray(proof) && proof.length === 3 ? proof : [];
  const isProof = isUnsigned(first) && isUnsigned(second) && Array.isArray(path) && path.length > 0 && path.length <= HASHES_MAX;
  if (!isProof) fail('no two numbers and a path');
  return [BigInt(first), BigInt(second), path];
}

function isUnsigned(value) {
  return isInteger(value) && value >= 0;
}

/** `["Signature1", protected, h'', root]`. */
function signatureStructure(header, root) {
  return concat(Uint8Array.of(0x84, 0x6a), utf8('Signature1'), byteString(header), Uint8Array.of(0x40), byteString(root));
}

function byteString(bytes) {
  const { length } = bytes;
  if (length < 24) return concat(Uint8Array.of(0x40 | length), bytes);
  if (length < 256) return concat(Uint8Array.of(0x58, length), bytes);
  if (length < 65_536) return concat(Uint8Array.of(0x59, length >> 8, length & 255), bytes);
  return concat(Uint8Array.of(0x5a), u32be(length), bytes);
}
