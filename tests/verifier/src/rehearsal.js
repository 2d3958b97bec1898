// The published test keys of a rehearsal: whoever knows a handle can sign with its key, so a ledger on the wall clock refuses it.

import { ed25519 } from '@noble/curves/ed25519.js';
import { hex, utf8 } from './bytes.js';
import { rehearsalSeed } from './digest.js';

const POINT_DIGITS = 64;

/** Whether `key`, in hexadecimal, holds the point of the published test key of a handle. */
export function isRehearsalKey(handle, key) {
  return key.slice(0, POINT_DIGITS) === hex(ed25519.getPublicKey(rehearsalSeed(utf8(handle))));
}
