// The verdict on a whole log, in a bundle or in published files: every byte, every signature, the tree, the checkpoint, and the
// rules that bind every act.

import { hex } from './bytes.js';
import { readBundle } from './bundle.js';
import { judgeHead, judgeSigners } from './checkpoint.js';
import { Verifier } from './ed25519.js';
import { readEntry } from './entry.js';
import { attempt, faultOf } from './fault.js';
import { Ledger } from './ledger.js';
import { readPublished } from './published.js';

/** Entries whose signatures are in flight together: enough to keep a verifier busy, few enough to be small in memory. */
const CHUNK = 64;

/** Judges the bytes of a bundle, as `judgeLog` does. */
export async function verifyBundle(bytes, options = {}) {
  const { value: log, fault } = attempt(() => readBundle(bytes));
  return fault === null ? judgeLog(log, options) : unreadable(fault);
}

/** Judges published files, which `readPublished` reads, as `judgeLog` does. Null where no checkpoint is published. */
export async function verifyPublished(read, options = {}) {
  const log = await readPublished(read);
  return log === null ? null : judgeLog(log, options);
}

/**
 * Judges a log: `{ outcome: 'valid' | 'invalid', ledger, size, root, origin, …, faults, roster }`.
 *
 * - `ledgerId`, in hexadecimal, is the ledger that is expected; any is, where it is not given.
 * - `witnesses` are keys (`parseVkey`) whose cosignatures are looked for and reported.
 * - `policy` (`parsePolicy`) says which witnesses must have cosigned.
 * - `at`, in Unix milliseconds, is the instant of the roster; by default that of the last acceptance.
 * - `onProgress(done, total)` is told after each chunk and may return a promise.
 */
async function judgeLog(log, { ledgerId = null, witnesses = [], policy = null, at = null, onProgress = () => {} }) {
  const { head, entries, isCutOff } = log;
  const verifier = new Verifier();
  const ledger = new Ledger();
  const faults = await judgeEntries(ledger, entries, verifier, onProgress);
  const isSound = faults.length === 0;
  if (isCutOff) faults.push(faultOf('not-a-bundle', 'the last frame is cut off'));
  // Said with entry 0, before what else may be wrong with it: whoever expects another ledger asks no further. An entry 0 that
  // cannot be read has a fault of its own.
  const isOther = ledgerId !== null && ledger.named !== null && ledger.named !== ledgerId;
  if (isOther) faults.unshift(faultOf('wrong-ledger', 'the log founds another ledger', 0));
  faults.push(...(await log.judgeTiles(ledger.tree)));
  const judged = await judgeSigners(ledger, { ...log, isSound }, { witnesses, policy }, verifier);
  faults.push(...judged.head, ...(head === null ? [] : judgeHead(ledger.tree, head)), ...judged.policy);
  if (ledgerId !== null && entries.length === 0) faults.push(faultOf('wrong-ledger', 'the log founds no ledger'));

  const outcome = faults.length === 0 ? 'valid' : 'invalid';
  return { outcome, ...describe(ledger, head, at ?? ledger.lastAcceptedAt), signers: judged.signers, faults };
}

function unreadable({ code, message }) {
  return { outcome: 'invalid', ledger: null, faults: [faultOf(code, message)], roster: [] };
}

async function judgeEntries(ledger, entries, verifier, onProgress) {
  const faults = [];
  for (let start = 0; start < entries.length; start += CHUNK) {
    const chunk = entries.slice(start, start + CHUNK);
    const read = await Promise.all(chunk.map((bytes) => readEntry(bytes, verifier)));
    read.forEach((one, i) => {
      const fault = judgeEntry(ledger, one, start + i, faults.length === 0);
      if (fault !== null) faults.push(faultOf(fault.code, fault.message, start + i));
      ledger.append(chunk[i]);
    });
    await onProgress(start + chunk.length, entries.length);
  }
  return faults;
}

/** What one entry would have changed the later ones may rest on: after the first fault only bytes and signatures are judged. */
function judgeEntry(ledger, { entry, fault, id }, index, isSound) {
  if (index === 0) ledger.named = id;
  if (fault !== null) return fault;
  const placed = { ...entry, index };
  ledger.note(placed);
  return isSound ? attempt(() => ledger.admit(placed)).fault : null;
}

function describe(ledger, head, at) {
  return {
    ledger: ledger.id,
    name: ledger.founding?.name ?? null,
    origin: ledger.origin,
    charter: ledger.founding?.charter ?? null,
    isRehearsal: ledger.founding?.clock === 'declared',
    size: ledger.tree.size,
    root: hex(ledger.tree.root()),
    stated: head === null ? null : { origin: head.origin, size: String(head.size), root: hex(head.root) },
    at,
    roster: ledger.changes.roster.at(at),
  };
}
