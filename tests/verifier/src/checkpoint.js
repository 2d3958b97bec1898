// What a log's checkpoint is worth: whose signatures stand under it, and whether it is of the entries that are there.

import { equal, fromHex } from './bytes.js';
import { faultOf } from './fault.js';
import { COSIGNATURE, ED25519, judgeSignature } from './note.js';

/** `{ head: faults, policy: faults, signers }`: the faults of the signatures of the log, and of those that a policy asks for. */
export async function judgeSigners(ledger, { note, head, mayBeUnsigned, isSound }, { witnesses, policy }, verifier) {
  if (head === null) {
    return { signers: { log: 'absent', cosigners: [], others: [] }, head: [unsigned('the checkpoint cannot be read')], policy: [] };
  }
  const isOwn = ledger.origin === head.origin;
  const log = isOwn ? await judgeLog(ledger, note, head, isSound, verifier) : 'absent';
  const isUnsigned = note.signatures.length === 0;
  const isInOrder = isOwn && (log === 'good' || (isUnsigned && mayBeUnsigned));
  const cosigners = await judgeCosigners(note, [...witnesses, ...(policy?.witnesses ?? [])], verifier);
  const others = note.signatures.map(({ name }) => name).filter((name) => name !== head.origin);
  return {
    signers: { log, cosigners, others },
    head: isInOrder ? [] : [unsigned(isOwn ? 'the log\'s key has not signed the checkpoint' : 'the checkpoint is of another log')],
    policy: policy === null ? [] : judgePolicy(policy, cosigners, isUnsigned),
  };
}

function unsigned(what) {
  return faultOf('head-unsigned', what);
}

/** What the log's key says under a checkpoint: the verdict of the first of its keys that has not kept silent. */
async function judgeLog(ledger, note, head, isSound, verifier) {
  const verdicts = [];
  for (const key of ledger.logKeys.at(head.size, isSound)) {
    const { verdict } = await judgeSignature(note, { name: head.origin, type: ED25519, point: fromHex(key) }, verifier);
    verdicts.push(verdict);
  }
  return ['good', 'bad'].find((verdict) => verdicts.includes(verdict)) ?? 'absent';
}

async function judgeCosigners(note, witnesses, verifier) {
  const cosigners = [];
  for (const witness of witnesses) {
    const { verdict, time = null } = await judgeSignature(note, { ...witness, type: COSIGNATURE }, verifier);
    cosigners.push({ name: witness.name, verdict, time: time === null ? null : String(time) });
  }
  return cosigners;
}

/** One cosignature that fails makes the count of the others moot. */
function judgePolicy({ isMet }, cosigners, isUnsigned) {
  const bad = cosigners.find(({ verdict }) => verdict === 'bad');
  if (bad !== undefined) return [faultOf('bad-cosignature', `the cosignature of ${bad.name} does not verify`)];
  const names = new Set(cosigners.filter(({ verdict }) => verdict === 'good').map(({ name }) => name));
  return !isUnsigned && isMet(names) ? [] : [faultOf('quorum-missing', `too few witnesses have cosigned the head: ${names.size}`)];
}

/** Whether a head is that of the entries. */
export function judgeHead(tree, head) {
  const what = `the checkpoint says ${head.size} entries, there are ${tree.size}`;
  if (BigInt(tree.size) < head.size) return [faultOf('entry-missing', what, tree.size)];
  if (BigInt(tree.size) > head.size) return [faultOf('entry-beyond-head', what, Number(head.size))];
  return equal(tree.root(), head.root) ? [] : [faultOf('head-altered', 'the entries have another root than the checkpoint')];
}
