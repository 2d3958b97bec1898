// The verdict on a whole log, in a bundle or in published files: every byte, every signature, the tree, the checkpoint, and the
// rules that bind every act.

import { hex } from './bytes.js';
import { readBundle } from './bundle.js';
import { judgeHead, judgeSigners, judgeTime } from './checkpoint.js';
import { Verifier } from './ed25519.js';
import { readEntry } from './entry.js';
import { attempt, attemptLater, faultOf } from './fault.js';
import { Faults } from './faults.js';
import { Ledger } from './ledger.js';
import { readPublished } from './published.js';

/** Entries whose signatures are in flight together: enough to keep a verifier busy, few enough to be small in memory. */
const CHUNK = 64;

/** Of a log with too many faults nobody looked at the checkpoint. */
const UNREAD = { log: 'unread', cosigners: [], others: [] };

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
async function judgeLog(log, options) {
  const { head } = log;
  const verifier = new Verifier();
  const ledger = new Ledger(verifier);
  const faults = new Faults();
  const isSound = await judgeEntries(ledger, log, options, { verifier, faults });
  const signers = faults.isFull ? UNREAD : await judgeWhole(ledger, { ...log, isSound }, options, { verifier, faults });
  const outcome = faults.isEmpty ? 'valid' : 'invalid';
  return { outcome, ...describe(ledger, head, options.at ?? ledger.lastAcceptedAt), signers, faults: faults.list };
}

/** What is said of the whole, after its entries: who has signed its checkpoint. */
async function judgeWhole(ledger, log, { ledgerId = null, witnesses = [], policy = null }, { verifier, faults }) {
  const { note, head, entries, isCutOff } = log;
  if (isCutOff) faults.add(faultOf('not-a-bundle', 'the last frame is cut off'));
  faults.add(...(await log.judgeTiles(ledger.tree)));
  const judged = await judgeSigners(ledger, log, { witnesses, policy }, verifier);
  faults.add(...judged.head, ...(head === null ? [] : judgeHead(ledger.tree, head)));
  // Which witnesses the log names, and when its last entry was accepted, only a log without a fault shows.
  if (faults.isEmpty) faults.add(...(await judgeTime(ledger, note, verifier)));
  faults.add(...judged.policy);
  if (ledgerId !== null && entries.length === 0) faults.add(faultOf('wrong-ledger', 'the log founds no ledger'));
  return judged.signers;
}

function unreadable({ code, message }) {
  return { outcome: 'invalid', ledger: null, faults: [faultOf(code, message)], roster: [] };
}

/** Judges entry by entry, up to where there are too many faults; whether none of them has any. */
async function judgeEntries(ledger, { entries }, { ledgerId = null, onProgress = () => {} }, { verifier, faults }) {
  let isSound = true;
  for (let start = 0; start < entries.length; start += CHUNK) {
    const chunk = entries.slice(start, start + CHUNK);
    const read = await Promise.all(chunk.map((bytes) => readEntry(bytes, verifier)));
    for (const [i, one] of read.entries()) {
      const index = start + i;
      if (index === 0) faults.add(...judgeName(one.id, ledgerId));
      const fault = await judgeEntry(ledger, one, index, isSound);
      if (fault !== null) faults.add(faultOf(fault.code, fault.message, index));
      isSound &&= fault === null;
      ledger.append(chunk[i]);
      if (faults.isFull) return isSound;
    }
    await onProgress(start + chunk.length, entries.length);
  }
  return isSound;
}

/**
 * Said with entry 0, before what else may be wrong with it: whoever expects another ledger asks no further. An entry 0 that cannot
 * be read has a fault of its own.
 */
function judgeName(id, ledgerId) {
  const isOther = ledgerId !== null && id !== null && id !== ledgerId;
  return isOther ? [faultOf('wrong-ledger', 'the log founds another ledger', 0)] : [];
}

/** What one entry would have changed the later ones may rest on: after the first fault only bytes and signatures are judged. */
async function judgeEntry(ledger, { entry, fault }, index, isSound) {
  if (fault !== null) return fault;
  const placed = { ...entry, index };
  ledger.note(placed);
  return isSound ? (await attemptLater(() => ledger.admit(placed))).fault : null;
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
    neverCame: ledger.neverCame,
    roster: ledger.changes.roster.at(at),
  };
}
