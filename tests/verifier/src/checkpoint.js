// What a log's checkpoint is worth: whose signatures stand under it, and whether it is of the entries that are there.

import { contradictsTime } from './anchor.js';
import { equal, fromHex } from './bytes.js';
import { cosigners, goodPoints } from './cosigners.js';
import { faultOf } from './fault.js';
import { ED25519, judgeSignature } from './note.js';

/** `{ head: faults, policy: faults, signers }`: the faults of the signatures of the log, and of those that a policy asks for. */
export async function judgeSigners(ledger, { note, head, mayBeUnsigned, isSound }, { witnesses, policy }, verifier) {
  if (head === null) {
    return { signers: { log: 'absent', cosigners: [], others: [] }, head: [unsigned('the checkpoint cannot be read')], policy: [] };
  }
  const isOwn = ledger.origin === head.origin;
  const log = isOwn ? await judgeLog(ledger, note, head, isSound, verifier) : 'absent';
  const isUnsigned = note.signatures.length === 0;
  const isInOrder = isOwn && (log === 'good' || (isUnsigned && mayBeUnsigned));
  const named = await cosigners(note, witnesses, verifier);
  const asked = policy === null ? [] : await cosigners(note, policy.witnesses, verifier);
  const others = note.signatures.map(({ name }) => name).filter((name) => name !== head.origin);
  return {
    signers: { log, cosigners: [...named, ...asked].map(described), others },
    head: isInOrder ? [] : [unsigned(isOwn ? 'the log\'s key has not signed the checkpoint' : 'the checkpoint is of another log')],
    policy: policy === null ? [] : judgePolicy(policy, isUnsigned ? null : asked),
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

function described({ name, verdict, time }) {
  return { name, verdict, time: time === null ? null : String(time) };
}

/** One cosignature that fails makes the count of the others moot; a head that nobody has signed (null) meets no quorum. */
export function judgePolicy({ isMet }, judged) {
  const bad = judged?.find(({ verdict }) => verdict === 'bad');
  if (bad !== undefined) return [faultOf('bad-cosignature', `the cosignature of ${bad.name} does not verify`)];
  const points = goodPoints(judged ?? []);
  const isMetByThem = judged !== null && isMet(points);
  return isMetByThem ? [] : [faultOf('quorum-missing', `too few witnesses have cosigned the head: ${points.size}`)];
}

/** Whether a head is that of the entries. */
export function judgeHead(tree, head) {
  const what = `the checkpoint says ${head.size} entries, there are ${tree.size}`;
  if (BigInt(tree.size) < head.size) return [faultOf('entry-missing', what, tree.size)];
  if (BigInt(tree.size) > head.size) return [faultOf('entry-beyond-head', what, Number(head.size))];
  return equal(tree.root(), head.root) ? [] : [faultOf('head-altered', 'the entries have another root than the checkpoint')];
}

/** Whether the witnesses whom the log names saw a head that is otherwise in order before its last entry was accepted. */
export async function judgeTime(ledger, note, verifier) {
  if (!(await contradictsTime(ledger, note, verifier))) return [];
  return [faultOf('time-contradicted', 'witnesses saw the checkpoint before its last entry says that it was accepted')];
}
