// Receipts (docs/format.md, section 10): that one entry is in the log, shown from the ledger id alone. A receipt does not show
// that the author's key was the author's, nor that the act was allowed.

import { equal, fromHex } from './bytes.js';
import { decode } from './cbor.js';
import { Verifier } from './ed25519.js';
import { readEntry } from './entry.js';
import { Fault, faultOf, refuse } from './fault.js';
import { judgeInclusion, judgeLogLine, readProof, readProofFile, stated } from './proof.js';
import { isPoint } from './sshsig.js';

const LABEL = 'rollcall receipt v1';

/** `{ proof, founding, entry, handovers }`: the proof of the entry, and those of the entries that name the log's next keys. */
function readReceipt(bytes) {
  const proof = withExtra(readProofFile(bytes));
  const extra = decode(proof.extra);
  const [label, founding, entry, ...rest] = Array.isArray(extra) ? extra : [];
  const [handovers = []] = rest;
  // Nothing to follow is said by leaving the list out.
  const isList = rest.length === 0 || (rest.length === 1 && handovers.length > 0);
  const isOurs = label === LABEL && isList && founding instanceof Uint8Array && entry instanceof Uint8Array &&
    Array.isArray(handovers) && handovers.every((handover) => typeof handover === 'string');
  if (!isOurs) refuse('not-a-receipt', 'the extra data are not those of a receipt');
  return { proof, founding, entry, handovers: handovers.map(readProof).map(withExtra) };
}

function withExtra(proof) {
  return proof.extra === null ? refuse('not-a-receipt', 'a tlog-proof without extra data') : proof;
}

async function readSigned(bytes, verifier) {
  const { entry, fault } = await readEntry(bytes, verifier);
  if (fault !== null) throw fault;
  return entry;
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
    for (const signer of [point, next]) await judgeLogLine(proof, { name: origin, point: signer }, verifier);
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
  await judgeLogLine(proof, { name: logKey?.name ?? fields.origin, point }, verifier);
  judgeInclusion(proof, entry);
  return { event: carried.id, act: carried.event.act, by: carried.event.by, ...stated(proof) };
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
