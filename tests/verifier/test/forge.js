// Makes ledgers for tests: an encoder, the published keys of a rehearsal, and bundles of entries that tests choose. Signing is
// done by @noble/curves; the verifier never verifies with it.

import { ed25519 } from '@noble/curves/ed25519.js';
import { base64, compare, concat, fromHex, hex, utf8 } from '../src/bytes.js';
import { charterDigest, eventId, rehearsalSeed } from '../src/digest.js';
import { EMPTY_ROOT, leafHash, nodeHash, Tree } from '../src/merkle.js';
import { COSIGNATURE, ED25519, keyId } from '../src/note.js';
import { signedBytes } from '../src/sshsig.js';

export const ORIGIN = 'rehearsal.invalid/rollcall';
export const NOON = 1_767_225_600_000;
const LOG_SEED = new Uint8Array(32).fill(1);
const CHARTER = `name = "small"
language = "en"

[zone]
name = "UTC"
offsets = [[0, 0]]

[authority]
clause = "S-1"
ends = "S-1"
imports = "S-1"

[unit."*"]
clause = "S-1"
founded_by_authority = "S-1"

[unit."*".role."*"]
clause = "S-1"
appointed = "S-1"
resigns = "S-1"

[unit.board]
count = "one"
clause = "S-1"

[unit.board.role.member]
clause = "S-1"
appointed = "S-1"
resigns = "S-1"

[unit.board.role.chair]
at_most = 1
implies = "member"
clause = "S-1"
appointed = "S-1"
resigns = "S-1"

[unit.board.role.elder]
emeritus = "emeritus"
clause = "S-1"
appointed = "S-1"
resigns = "S-1"

[unit.board.role.emeritus]
clause = "S-1"

[clause]
S-1 = "The authority decides."
`;

function head(kind, argument) {
  if (argument < 24) return Uint8Array.of((kind << 5) | Number(argument));
  const width = [1, 2, 4, 8].find((bytes) => BigInt(argument) < 1n << BigInt(bytes * 8));
  const bytes = fromHex(BigInt(argument).toString(16).padStart(width * 2, '0'));
  return concat(Uint8Array.of((kind << 5) | (24 + Math.log2(width))), bytes);
}

/** Deterministic CBOR of a value; an object is a map. */
export function encode(value) {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number' || typeof value === 'bigint') return head(0, value);
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (typeof value === 'string') return concat(head(3, utf8(value).length), utf8(value));
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  const pairs = Object.entries(value).map(([name, field]) => [encode(name), encode(field)]);
  pairs.sort(([left], [right]) => compare(left, right));
  return concat(head(5, pairs.length), ...pairs.flat());
}

export function testSeed(name) {
  return rehearsalSeed(utf8(name));
}

export function testKey(name) {
  return ed25519.getPublicKey(testSeed(name));
}

/** The key of every log here, as a vkey. */
export function logVkey() {
  const point = ed25519.getPublicKey(LOG_SEED);
  return `${ORIGIN}+${hex(keyId(ORIGIN, ED25519, point))}+${base64(concat(Uint8Array.of(ED25519), point))}`;
}

export function signEvent(payload, seed) {
  const key = ed25519.getPublicKey(seed);
  return [payload, key, ed25519.sign(signedBytes('rollcall-event-v1', payload), seed)];
}

/** A note that the log's key has signed, over any root. */
export function signNote(text, { name = ORIGIN, seed = LOG_SEED } = {}) {
  const point = ed25519.getPublicKey(seed);
  const blob = concat(keyId(name, ED25519, point), ed25519.sign(utf8(text), seed));
  return `${text}\n\u2014 ${name} ${base64(blob)}\n`;
}

/** A witness of a seed of one byte repeated: `{ name, seed, id, vkey }`. */
export function witness(byte, name = `w${byte}.example`) {
  const seed = new Uint8Array(32).fill(byte);
  const point = ed25519.getPublicKey(seed);
  const id = keyId(name, COSIGNATURE, point);
  return { name, seed, id, vkey: `${name}+${hex(id)}+${base64(concat(Uint8Array.of(COSIGNATURE), point))}` };
}

/** A witness's line under a note's text, at a time in seconds. */
export function cosign({ name, seed, id }, text, seconds = 5) {
  const time = fromHex(BigInt(seconds).toString(16).padStart(16, '0'));
  const signature = ed25519.sign(utf8(`cosignature/v1\ntime ${seconds}\n${text}`), seed);
  return `\u2014 ${name} ${base64(concat(id, time, signature))}\n`;
}

export function frame(entry) {
  return concat(Uint8Array.of(entry.length >> 8, entry.length & 255), entry);
}

/** A ledger that grows by whatever a test wants in it, right or wrong. */
export class Forge {
  entries = [];
  ids = [];
  tree = new Tree();
  ledger = new Uint8Array();
  now = NOON;

  /** A founded ledger of one authority person, `root`. */
  static founded(founding = {}) {
    const forge = new Forge();
    const text = utf8(CHARTER);
    forge.act('found', {
      name: 'Test', authority: ['root'], keys: [testKey('root')], threshold: 1, charter: 'small',
      charter_digest: charterDigest(text), charter_length: text.length, log_key: ed25519.getPublicKey(LOG_SEED),
      origin: ORIGIN, clock: 'declared', nonce: new Uint8Array(32), ...founding,
    });
    forge.ledger = forge.ids[0];
    forge.act('charter-part', { part: 0, text: CHARTER });
    forge.act('confirm');
    return forge;
  }

  /** Appends an act; `header` replaces what the header would say, `signer` the name whose test key signs. */
  act(act, fields = {}, { by = 'root', signer = by, header = {}, acceptedAt = this.now } = {}) {
    const payload = encode({
      act, at: this.now, by, ledger: this.ledger, not_after: this.now + 86_400_000,
      seen: [this.tree.size, this.tree.size === 0 ? EMPTY_ROOT : this.tree.root()], ...fields, ...header,
    });
    this.append(encode([1, acceptedAt, signEvent(payload, testSeed(signer))]));
    this.ids.push(eventId(payload));
    return this.ids.at(-1);
  }

  append(entry) {
    this.entries.push(entry);
    this.tree.append(leafHash(entry));
  }

  get id() {
    return hex(this.ledger);
  }

  text({ origin = ORIGIN, size = this.tree.size, root = this.tree.root() } = {}) {
    return `${origin}\n${size}\n${base64(root)}\n`;
  }

  bundle(note = signNote(this.text())) {
    return concat(utf8(`rollcall bundle v1\n${note}\n`), ...this.entries.map(frame));
  }
}

function root(leaves) {
  if (leaves.length < 2) return leaves[0] ?? EMPTY_ROOT;
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return nodeHash(root(leaves.slice(0, half)), root(leaves.slice(half)));
}

/** RFC 9162 section 2.1.3.1, as it is written there. */
function pathTo(index, leaves) {
  if (leaves.length === 1) return [];
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  if (index < half) return [...pathTo(index, leaves.slice(0, half)), root(leaves.slice(half))];
  return [...pathTo(index - half, leaves.slice(half)), root(leaves.slice(0, half))];
}

/** A tlog-proof of an entry in the first `size` entries, under a head that every seed signs, or under `note`. */
export function proof(extra, forge, { index, size = forge.tree.size, seeds = [LOG_SEED], path = null, note = null }) {
  const hashes = path ?? pathTo(index, forge.entries.slice(0, size).map(leafHash));
  const text = forge.text({ size, root: forge.tree.root(size) });
  const lines = seeds.map((seed) => signNote(text, { seed }).slice(text.length + 1));
  const checkpoint = note ?? `${text}\n${lines.join('')}`;
  const lead = extra === null ? [] : [`extra ${base64(extra)}`];
  return ['c2sp.org/tlog-proof@v1', ...lead, `index ${index}`, ...hashes.map(base64), '', checkpoint].join('\n');
}

/** A receipt of one entry; every part of it can be another. */
export function receipt(forge, index, {
  founding = forge.entries[0], entry = forge.entries[index], label = 'rollcall receipt v1', handovers, ...rest
} = {}) {
  const extra = [label, founding, entry, ...(handovers === undefined ? [] : [handovers])];
  return utf8(proof(encode(extra), forge, { index, ...rest }));
}

/** RFC 9162 section 2.1.4.1, as it is written there. */
function subproof(count, leaves, isWhole) {
  if (count === leaves.length) return isWhole ? [] : [root(leaves)];
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  if (count <= half) return [...subproof(count, left, isWhole), root(right)];
  return [...subproof(count - half, right, false), root(left)];
}

/** CBOR as COSE has it: negative integers, null, and maps whose labels are integers, in the order in which a Map has them. */
export function encodeCose(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'number' && value < 0) return head(1, -1 - value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encodeCose));
  if (!(value instanceof Map)) return encode(value);
  return encodeLabels([...value]);
}

function encodeLabels(pairs) {
  return concat(head(5, pairs.length), ...pairs.flat().map(encodeCose));
}

/** A COSE Receipt with one proof of a kind over a root; every part of it can be another. */
function cose(kind, proof, over, {
  alg = -19, header = [[1, alg], [395, 1], [4, utf8('log')]], proofs = [[kind, [encode(proof)]]], payload = null,
  seed = LOG_SEED, tag = [0xd2], tail = [],
} = {}) {
  const protectedHeader = encodeLabels(header);
  const signature = ed25519.sign(encode(['Signature1', protectedHeader, new Uint8Array(), over]), seed);
  const parts = [protectedHeader, new Map([[396, new Map(proofs)]]), payload, signature];
  return concat(Uint8Array.from(tag), encodeCose(parts), Uint8Array.from(tail));
}

export function coseInclusion(forge, index, { size = forge.tree.size, path = null, ...rest } = {}) {
  const hashes = path ?? pathTo(index, forge.entries.slice(0, size).map(leafHash));
  return cose(-1, [size, index, hashes], forge.tree.root(size), rest);
}

export function coseConsistency(forge, oldSize, { size = forge.tree.size, path = null, ...rest } = {}) {
  const hashes = path ?? subproof(oldSize, forge.entries.slice(0, size).map(leafHash), true);
  return cose(-2, [oldSize, size, hashes], forge.tree.root(size), rest);
}
