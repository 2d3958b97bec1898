// Proofs of inclusion as text (C2SP tlog-proof): an entry's place, its path, and the checkpoint to whose root it leads.

import { fromBase64, hex, utf8Text } from './bytes.js';
import { refuse } from './fault.js';
import { RECEIPT_BYTES_MAX } from './limits.js';
import { leafHash, verifyInclusion } from './merkle.js';
import { ED25519, judgeSignature, parseCheckpoint } from './note.js';

const TITLE = 'c2sp.org/tlog-proof@v1';
const HASHES_MAX = 64;

/** Whether the bytes begin as a tlog-proof does. */
export function looksLikeProof(bytes) {
  return utf8Text(bytes.subarray(0, TITLE.length)) === TITLE;
}

/** The tlog-proof that a file's bytes are. */
export function readProofFile(bytes) {
  if (bytes.length > RECEIPT_BYTES_MAX) refuse('not-a-receipt', 'the file is too long');
  return readProof(utf8Text(bytes) ?? refuse('not-a-receipt', 'the file is no text'));
}

/** `{ extra, index, path, note, head }` of a tlog-proof's text, the extra data null where it has none. */
export function readProof(text) {
  const end = text.indexOf('\n\n');
  const [title, ...lines] = end < 0 ? [] : text.slice(0, end).split('\n');
  if (title !== TITLE) refuse('not-a-receipt', 'no tlog-proof');
  const extra = lines[0]?.startsWith('extra ') ? readExtra(lines.shift()) : null;
  const [index, ...path] = lines;
  if (!/^index (0|[1-9][0-9]{0,19})$/.test(index ?? '')) refuse('not-a-receipt', 'no index');
  const hashes = path.map(fromBase64);
  if (hashes.includes(null) || hashes.length > HASHES_MAX) refuse('not-a-receipt', 'the path is no list of hashes');
  const { note, head } = parseCheckpoint(text.slice(end + 2));
  if (head === null) refuse('not-a-receipt', 'no checkpoint');
  return { extra, index: BigInt(index.slice(6)), path: hashes, note, head };
}

function readExtra(line) {
  return fromBase64(line.slice(6)) ?? refuse('not-a-receipt', 'the extra data are no base64');
}

/** Refuses a proof whose checkpoint is not of a log, or not signed by its key: `{ name, point }`. */
export async function judgeLogLine({ note, head }, { name, point }, verifier) {
  if (head.origin !== name) refuse('head-unsigned', 'the checkpoint is of another log');
  const { verdict } = await judgeSignature(note, { name, type: ED25519, point }, verifier);
  if (verdict !== 'good') refuse('head-unsigned', 'the log\'s key has not signed the checkpoint');
}

export function judgeInclusion({ index, path, head }, entry) {
  const isIncluded = verifyInclusion({ index, size: head.size, leaf: leafHash(entry), path, root: head.root });
  if (!isIncluded) refuse('not-included', 'the path does not lead from the entry to the root');
}

/** What a proof states, as a verdict shows it. */
export function stated({ index, head: { origin, size, root } }) {
  return { index: String(index), size: String(size), root: hex(root), origin };
}
