// The payload of an event: a header that every act has, and the act's own fields.

import { ACTS } from './acts.js';
import { compare, hex } from './bytes.js';
import { decode } from './cbor.js';
import { refuse } from './fault.js';
import { fields, isDigest, isInteger, isTime } from './field.js';
import { MISSING_MAX } from './limits.js';
import { isHandle } from './words.js';

const HEADER = ['act', 'at', 'by', 'ledger', 'not_after', 'seen', 'missing'];

export function readPayload(bytes) {
  const map = decode(bytes);
  if (!(map instanceof Map)) refuse('not-an-act', 'the payload is no map');
  const header = readHeader(map);
  return { ...header, fields: fields(ACTS[header.act], map, HEADER) };
}

function readHeader(map) {
  const [act, at, by, ledger, notAfter, seen, missing] = HEADER.map((name) => map.get(name));
  if (typeof act !== 'string' || !Object.hasOwn(ACTS, act)) refuse('not-an-act', 'no act of the vocabulary');
  if (!isTime(at) || !isTime(notAfter)) refuse('not-an-act', 'no claimed time, or no end of validity');
  if (typeof by !== 'string' || !isHandle(by)) refuse('not-an-act', 'the author is no handle');
  if (!isDigest(ledger) && ledger?.length !== 0) refuse('not-an-act', 'no ledger id');
  if (!Array.isArray(seen) || seen.length !== 2 || !isInteger(seen[0]) || !isDigest(seen[1])) {
    refuse('not-an-act', 'no seen head');
  }
  if (missing !== undefined && !isMissing(missing)) refuse('not-an-act', 'what is missing is no ascending list of event ids');
  const named = (missing ?? []).map(hex);
  return { act, at, by, ledger: hex(ledger), notAfter, seen: { size: seen[0], root: seen[1] }, missing: named };
}

/** Nothing missing is said by leaving the list out, and each list has one order. */
function isMissing(ids) {
  const isList = Array.isArray(ids) && ids.length > 0 && ids.length <= MISSING_MAX && ids.every(isDigest);
  return isList && ids.every((id, i) => i === 0 || compare(ids[i - 1], id) < 0);
}
