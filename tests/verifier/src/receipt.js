// Receipts (docs/format.md, section 10): that one entry is in the log, shown from the ledger id alone. A receipt does not show
// that the author's key was the author's, nor that the act was allowed.

import { equal, fromBase64, fromHex, hex, utf8Text } from './bytes.js';
import { decode } from './cbor.js';
import { Verifier } from './ed25519.js';
import { readEntry } from './entry.js';
import { Fault, faultOf, refuse } from './fault.js';
import { RECEIPT_BYTES_MAX } from './limits.js';
import { leafHash, verifyInclusion } from './merkle.js';
import { ED25519, judgeSignature, parseCheckpoint } from './note.js';
import { isPoint } from './sshsig.js';

export const RECEIPT_TITLE = 'c2sp.org/tlog-proof@v1';
const LABEL = 'rollcall receipt v1';
const HASHES_MAX = 64;

/** A tlog-proof with extra data: `{ extra, index, path, note, head }`. */
function readProof(text) {
  const end = text.indexOf('\n\n');
  const [title, extra, index, ...path] = end < 0 ? [] : text.slice(0, end).split('\n');
  if (title !== RECEIPT_TITLE || !extra?.startsWith('extra ')) refuse('not-a-receipt', 'no tlog-proof with extra data');
  if (!/^index (0|[1-9][0-9]{0,19})$/.test(index ?? '')) refuse('not-a-receipt', 'no index');
  const hashes = path.map(fromBase64);
  if (hashes.includes(null) || hashes.length > HASHES_MAX) refuse('not-a-receipt', 'the path is no list of hashes');
  const { note, head } = parseCheckpoint(text.slice(end + 2));
  if (head === null) refuse('not-a-receipt', 'no checkpoint');
  const bytes = fromBase64(extra.slice(6)) ?? refuse('not-a-receipt', 'the extra data are no base64');
  return { extra: bytes, index: BigInt(index.slice(6)), path: hashes, note, head };
}

/** `{ proof, founding, entry, handovers }`: the proof of the entry, and those of the entries that name the log's next keys. */
function readReceipt(bytes) {
  if (bytes.length > RECEIPT_BYTES_MAX) refuse('not-a-receipt', 'the file is too long');
  const proof = readProof(utf8Text(bytes) ?? refuse('not-a-receipt', 'the file is no text'));
  const extra = decode(proof.extra);
  const [label, founding, entry, ...rest] = Array.isArray(extra) ? extra : [];
  const [handovers = []] = rest;
  // Nothing to follow is said by leaving the list out.
  const isList = rest.length === 0 || (rest.length === 1 && handovers.length > 0);
  const isOurs = label === LABEL && isList && founding instanceof Uint8Array && entry instanceof Uint8Array &&
    Array.isArray(handovers) && handovers.every((handover) => typeof handover === 'string');
  if (!isOurs) refuse('not-a-receipt', 'the extra data are not those of a receipt');
  return { proof, founding, entry, handovers: handovers.map(readProof) };
}

async function readSigned(bytes, verifier) {
  const { entry, fault } = await readEntry(bytes, verifier);
  if (fault !== null) throw fault;
  return entry;
}

/** Refuses a checkpoint that is of another origin, or that one of the points has not signed. */
async function judgeHead({ note, head }, origin, points, verifier) {
  if (head.origin !== origin) refuse('head-unsigned', 'the checkpoint is of another log');
  for (const point of points) {
    const { verdict } = await judgeSignature(note, { name: origin, type: ED25519, point }, verifier);
    if (verdict !== 'good') refuse('head-unsigned', 'the log\'s key has not signed the checkpoint');
  }
}

function judgeInclusion({ index, path, head }, entry) {
  const isIncluded = verifyInclusion({ index, size: head.size, leaf: leafHash(entry), path, root: head.root });
  if (!isIncluded) refuse('not-included', 'the path does not lead from the entry to the root');
}

/** The log's key after the changes that a receipt shows, each under a head that the old key has signed and the new one. */
async function followKeys(handovers, { origin, log_key: first }, ledgerId, verifier) {
  let point = fromHex(first);
  for (const proof of handovers) {
    const { event } = await readSigned(proof.extra, verifier);
    const isChange = event.act === 'rotate-log-key' && isPoint(event.fields.log_key);
    if (!isChange) refuse('not-a-receipt', 'an entry that names no key of the log');
    if (event.ledger !== ledgerId) refuse('foreign-ledger', 'a change of key belongs to another ledger');
    const next = fromHex(event.fields.log_key);
    await judgeHead(proof, origin, [point, next], verifier);
    judgeInclusion(proof, proof.extra);
    point = next;
  }
  return point;
}

async function judge(bytes, { ledgerId, logKey }, verifier) {
  const { proof, founding, entry, handovers } = readReceipt(bytes);
  const first = await readSigned(founding, verifier);
  const { act, fields } = first.event;
  if (act !== 'found' || first.id !== ledgerId) refuse('wrong-ledger', 'the receipt is of another ledger');
  const carried = await readSigned(entry, verifier);
  const isFounding = equal(entry, founding) && proof.index === 0n;
  if (!isFounding && carried.event.ledger !== ledgerId) refuse('foreign-ledger', 'the event belongs to another ledger');
  const point = logKey?.point ?? (await followKeys(handovers, fields, ledgerId, verifier));
  await judgeHead(proof, logKey?.name ?? fields.origin, [point], verifier);
  judgeInclusion(proof, entry);
  const { origin, size, root } = proof.head;
  const stated = { index: String(proof.index), size: String(size), root: hex(root), origin };
  return { event: carried.id, act: carried.event.act, by: carried.event.by, ...stated };
}

/**
 * `{ outcome: 'valid' | 'invalid', ledger, event, act, by, index, size, root, origin, faults }` of a receipt's bytes. `logKey`
 * (`parseVkey`) is the log's key, from elsewhere, in place of those that the receipt shows.
 */
export async function verifyReceipt(bytes, { ledgerId, logKey = null }) {
  try {
    return { outcome: 'valid', ledger: ledgerId, ...(await judge(bytes, { ledgerId, logKey }, new Verifier())), faults: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { outcome: 'invalid', ledger: ledgerId, faults: [faultOf(error.code, error.message)] };
  }
}

/** Whether the bytes begin as a receipt does. */
export function looksLikeReceipt(bytes) {
  return utf8Text(bytes.subarray(0, RECEIPT_TITLE.length)) === RECEIPT_TITLE;
}
