// The frame of a bundle (docs/format.md, section 15): the title, the checkpoint note, and the entries' bytes one after another.

import { utf8, utf8Text } from './bytes.js';
import { refuse } from './fault.js';
import { readFrames } from './frames.js';
import { NOTE_BYTES_MAX } from './limits.js';
import { parseCheckpoint } from './note.js';

const TITLE = utf8('rollcall bundle v1\n');
const LF = 0x0a;

function startsWith(bytes, prefix) {
  return prefix.every((byte, i) => bytes[i] === byte);
}

/** Where the line that begins at `offset` ends, its LF included. */
function lineEnd(bytes, offset) {
  const end = bytes.subarray(0, TITLE.length + NOTE_BYTES_MAX).indexOf(LF, offset);
  if (end < 0) refuse('not-a-bundle', 'the note does not end');
  return end + 1;
}

/** The offset behind the empty line that ends the block which begins at `offset`. */
function blockEnd(bytes, offset) {
  for (let start = offset; ; ) {
    const end = lineEnd(bytes, start);
    if (end === start + 1) return end;
    start = end;
  }
}

/**
 * A log as `judgeLog` takes it, of a bundle's bytes; note and head are null where the text in their place is none. Throws a Fault
 * `not-a-bundle` where there is no title, or nothing in a note's place.
 */
export function readBundle(bytes) {
  if (!startsWith(bytes, TITLE)) refuse('not-a-bundle', 'the title is missing');
  const textEnd = blockEnd(bytes, TITLE.length);
  const signaturesEnd = blockEnd(bytes, textEnd);
  const text = utf8Text(bytes.subarray(TITLE.length, signaturesEnd - 1)) ?? refuse('not-a-bundle', 'the note is not UTF-8');
  const log = { ...parseCheckpoint(text), ...readFrames(bytes, signaturesEnd) };
  return { ...log, mayBeUnsigned: true, judgeTiles: async () => [] };
}
