// Bare proofs: that some bytes are in a log, shown by a tlog-proof or a COSE Receipt to whoever has the bytes and the log's key.
// They show no ledger, no author, and not that the act was allowed.

import { hex } from './bytes.js';
import { judgePolicy } from './checkpoint.js';
import { readCose } from './cose.js';
import { cosigners } from './cosigners.js';
import { Verifier } from './ed25519.js';
import { attemptLater, faultOf, refuse } from './fault.js';
import { consistencyRoot, inclusionRoot, leafHash } from './merkle.js';
import { judgeInclusion, judgeLogLine, readProofFile, stated } from './proof.js';

/** `{ outcome: 'valid' | 'invalid', ledger: null, …, faults }` of what `judge` finds with a verifier; it throws the Fault. */
async function verdictOf(judge) {
  const { value, fault } = await attemptLater(() => judge(new Verifier()));
  if (fault !== null) return { outcome: 'invalid', ledger: null, faults: [faultOf(fault.code, fault.message)] };
  const { faults = [], ...found } = value;
  return { outcome: faults.length === 0 ? 'valid' : 'invalid', ledger: null, ...found, faults };
}

/**
 * Judges a tlog-proof of `entry`, the bytes, under a head of the log whose key is `logKey` (`parseVkey`); with a `policy`
 * (`parsePolicy`) its witnesses must have cosigned that head.
 */
export function verifyProof(bytes, { entry, logKey, policy = null }) {
  return verdictOf(async (verifier) => {
    const proof = readProofFile(bytes);
    await judgeLogLine(proof, logKey, verifier);
    judgeInclusion(proof, entry);
    const faults = policy === null ? [] : judgePolicy(policy, await cosigners(proof.note, policy.witnesses, verifier));
    return { ...stated(proof), faults };
  });
}

/** Judges a COSE Receipt of inclusion of `entry`, the bytes, by the log whose key is `logKey`. */
export function verifyCoseInclusion(bytes, { entry, logKey }) {
  return verdictOf(async (verifier) => {
    const receipt = readCose(bytes, 'inclusion');
    const [size, index, path] = receipt.proof;
    const root = inclusionRoot({ index, size, leaf: leafHash(entry), path });
    await judgeRoot(receipt, root, logKey, verifier);
    return { index: String(index), size: String(size), root: hex(root), origin: logKey.name };
  });
}

/** Judges a COSE Receipt of consistency: that the log whose key is `logKey` has grown from `oldHead` (`parseHead`). */
export function verifyCoseConsistency(bytes, { oldHead, logKey }) {
  return verdictOf(async (verifier) => {
    if (oldHead.origin !== logKey.name) refuse('head-foreign', 'the older head is of another log');
    const receipt = readCose(bytes, 'consistency');
    const [oldSize, newSize, path] = receipt.proof;
    if (oldSize !== oldHead.size) refuse('not-consistent', `the receipt begins at ${oldSize} entries, not at ${oldHead.size}`);
    const root = consistencyRoot({ oldSize, newSize, oldRoot: oldHead.root, path });
    await judgeRoot(receipt, root, logKey, verifier, 'not-consistent');
    return { oldSize: String(oldSize), size: String(newSize), root: hex(root), origin: logKey.name };
  });
}

/** A receipt carries no root: the one to which its path leads is what must be signed. */
async function judgeRoot(receipt, root, { point }, verifier, code = 'not-included') {
  if (root === null) refuse(code, 'the path leads nowhere');
  const isSigned = await verifier.verify(point, receipt.signature, receipt.signedOver(root));
  if (!isSigned) refuse('head-unsigned', 'the log\'s key has not signed the root to which the path leads');
}
