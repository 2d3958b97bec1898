// Anchors (docs/format.md, section 18): a cosigned checkpoint of the log as an entry of the log. Its instants bound when the
// entries that it covers were accepted, and itself.

import { equal, fromHex } from './bytes.js';
import { cosigners, goodPoints, instantsOf } from './cosigners.js';
import { refuse } from './fault.js';
import { CLOCK_TOLERANCE_MS } from './limits.js';
import { ED25519, judgeSignature, parseCheckpoint } from './note.js';

const TOLERANCE = BigInt(CLOCK_TOLERANCE_MS);

/** The instants of an anchor's checkpoint in the ledger whose next entry it is. Throws the Fault of one that is refused. */
export async function judgeAnchor({ event: { fields }, acceptedAt }, ledger, verifier) {
  const policy = ledger.witnesses ?? refuse('no-witnesses', 'the log names no witnesses');
  const { note, head } = parseCheckpoint(fields.checkpoint);
  if (head === null || head.origin !== ledger.origin) unfit('the text is no checkpoint of this log');
  if (head.size === 0n || head.size > BigInt(ledger.tree.size)) unfit(`a head of ${head.size} entries`);
  if (!equal(ledger.tree.root(Number(head.size)), head.root)) unfit('the log never had this head');
  await judgeLogLine(note, head, ledger, verifier);
  const judged = await cosigners(note, policy.witnesses, verifier);
  const bad = judged.find(({ verdict }) => verdict === 'bad');
  if (bad !== undefined) unfit(`the cosignature of ${bad.name} does not verify`);
  const instants = instantsOf(policy, judged);
  if (instants === null) refuse('anchor-unwitnessed', `too few witnesses have cosigned the head: ${goodPoints(judged).size}`);
  judgeInstants(instants, ledger.acceptedAt(Number(head.size) - 1), acceptedAt);
  return instants;
}

function unfit(what) {
  refuse('anchor-unfit', what);
}

async function judgeLogLine(note, { origin, size }, { logKeys }, verifier) {
  const [key] = logKeys.at(size, true);
  const { verdict } = await judgeSignature(note, { name: origin, type: ED25519, point: fromHex(key) }, verifier);
  if (verdict !== 'good') unfit('the log\'s key has not signed the head');
}

function judgeInstants({ by, since }, covered, acceptedAt) {
  if (BigInt(covered) > by + TOLERANCE) refuse('anchor-contradicts', 'witnesses saw the head before its last entry was accepted');
  if (since > BigInt(acceptedAt) + TOLERANCE) refuse('anchor-ahead', 'witnesses saw the head after the anchor was accepted');
}

/** Whether the cosignatures on the last head say that it was there before its last entry was accepted. */
export async function contradictsTime({ witnesses: policy, lastAcceptedAt }, note, verifier) {
  if (policy === null) return false;
  const instants = instantsOf(policy, await cosigners(note, policy.witnesses, verifier));
  return instants !== null && BigInt(lastAcceptedAt) > instants.by + TOLERANCE;
}
