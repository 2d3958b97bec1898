// BLAKE3 in derive-key mode: each kind of thing has a context of its own (docs/format.md, section 3).

import { blake3 } from '@noble/hashes/blake3.js';
import { utf8 } from './bytes.js';

function derive(context) {
  const contextBytes = utf8(context);
  return (bytes) => blake3(bytes, { context: contextBytes });
}

export const eventId = derive('rollcall event id v1');
export const charterDigest = derive('rollcall charter digest v1');
export const rehearsalSeed = derive('rollcall rehearsal key v1');
