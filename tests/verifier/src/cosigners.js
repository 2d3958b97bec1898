// Who of some witnesses has cosigned a note, and the two instants that their cosignatures give a policy (docs/format.md, section
// 18).

import { hex } from './bytes.js';
import { COSIGNATURE, judgeSignature } from './note.js';

/** `{ name, point, verdict, time }` of each witness under a note, in their order; the time in seconds, null but of a good line. */
export async function cosigners(note, witnesses, verifier) {
  const judged = [];
  for (const { name, point } of witnesses) {
    const { verdict, time = null } = await judgeSignature(note, { name, type: COSIGNATURE, point }, verifier);
    judged.push({ name, point: hex(point), verdict, time });
  }
  return judged;
}

/** The points of those whose cosignatures are good. */
export function goodPoints(judged) {
  return new Set(judged.filter(({ verdict }) => verdict === 'good').map(({ point }) => point));
}

/**
 * `{ by, since }` in Unix milliseconds, as BigInt: the earliest instant such that those who cosigned at or before it meet the
 * quorum, and the latest such that those who cosigned at or after it do. Null where all of them together do not.
 */
export function instantsOf({ isMet }, judged) {
  const good = judged.filter(({ verdict }) => verdict === 'good');
  const times = good.map(({ time }) => time).sort((left, right) => (left < right ? -1 : 1));
  const isMetWhere = (counts) => isMet(goodPoints(good.filter(({ time }) => counts(time))));
  const by = times.find((instant) => isMetWhere((time) => time <= instant));
  const since = times.findLast((instant) => isMetWhere((time) => time >= instant));
  return by === undefined ? null : { by: by * 1000n, since: since * 1000n };
}
