// Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, cosignature/v1).

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromBase64, hex, utf8 } from './bytes.js';
import { NOTE_SIGNATURES_MAX } from './limits.js';

const DASH = '\u2014 ';
const KEY_NAME = /^[^\s+]+$/u;
export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;

export function keyId(name, type, point) {
  return sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), point)).subarray(0, 4);
}

/** A key of somebody who signs notes: `{ name, type, point }`. */
export function parseVkey(vkey) {
  const [name, id, ...rest] = vkey.split('+');
  const typed = rest.length === 0 ? null : fromBase64(rest.join('+'));
  if (!KEY_NAME.test(name) || typed === null || typed.length !== 33) return null;
  const [type, point] = [typed[0], typed.subarray(1)];
  if (type !== ED25519 && type !== COSIGNATURE) return null;
  return hex(keyId(name, type, point)) === id ? { name, type, point } : null;
}

/** `{ text, signatures: [{ name, id, blob }] }` of a note without extension lines, or null where it is none. */
export function parseNote(note) {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split('\n').slice(0, -1);
  if (/[\x00-\x09\x0b-\x1f]/.test(text) || lines.length > NOTE_SIGNATURES_MAX) return null;
  const signatures = lines.map(parseSignature);
  return signatures.includes(null) ? null : { text, signatures };
}

function parseSignature(line) {
  if (!line.startsWith(DASH)) return null;
  const [name, encoded, ...rest] = line.slice(DASH.length).split(' ');
  const bytes = rest.length === 0 && encoded !== undefined ? fromBase64(encoded) : null;
  if (!KEY_NAME.test(name) || bytes === null || bytes.length < 5) return null;
  return { name, id: bytes.subarray(0, 4), blob: bytes.subarray(4) };
}

/** The head that a checkpoint's text states, its size as BigInt; null where it states none. */
export function parseHead(text) {
  const lines = text.split('\n');
  if (lines.length !== 4 || lines[3] !== '' || lines[0] === '') return null;
  const root = fromBase64(lines[2]);
  if (!/^(0|[1-9][0-9]{0,19})$/.test(lines[1]) || root?.length !== 32) return null;
  const size = BigInt(lines[1]);
  return size < 1n << 64n ? { origin: lines[0], size, root } : null;
}

/** `{ note, head }` of a checkpoint, each null where the text in its place is none. */
export function parseCheckpoint(text) {
  const note = parseNote(text);
  return { note, head: note === null ? null : parseHead(note.text) };
}

/** What somebody of this key says under the note: 'absent', 'good', or 'bad' where a line fails or there are two. */
export async function judgeSignature(note, { name, type, point }, verifier) {
  const id = keyId(name, type, point);
  const own = note.signatures.filter((line) => line.name === name && equal(line.id, id));
  if (own.length === 0) return { verdict: 'absent' };
  const read = own.length > 1 ? null : readBlob(note.text, type, own[0].blob);
  const isGood = read !== null && (await verifier.verify(point, read.signature, read.message));
  return isGood ? { verdict: 'good', time: read.time } : { verdict: 'bad' };
}

function readBlob(text, type, blob) {
  if (type === ED25519) return { signature: blob, message: utf8(text), time: null };
  if (blob.length !== 72) return null;
  const time = new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0);
  if (time === 0n || time >= 1n << 63n) return null;
  return { signature: blob.subarray(8), message: utf8(`cosignature/v1\ntime ${time}\n${text}`), time };
}
