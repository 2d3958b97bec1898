// Handles, names and free text: which strings the format admits (docs/format.md, section 1, Names).

import { utf8 } from './bytes.js';
import { HANDLE_BYTES_MAX, NAME_BYTES_MAX, UNIT_BYTES_MAX } from './limits.js';

const HANDLE = /^[\p{L}\p{M}\p{Nd}\-_.]+$/u;
const HIDDEN = /\p{Default_Ignorable_Code_Point}/u;
const VISIBLE = /^(?:[^\p{C}\p{Z}]| )+$/u;
const UNFIT_TEXT = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function fits(text, bytesMax) {
  // A text has at least as many bytes as UTF-16 units, so a hostile length is refused before it is encoded.
  return text.length <= bytesMax && utf8(text).length <= bytesMax;
}

function isComposed(text) {
  return text.normalize('NFC') === text;
}

export function isHandle(text) {
  return fits(text, HANDLE_BYTES_MAX) && HANDLE.test(text) && !HIDDEN.test(text) && isComposed(text);
}

function isVisibleName(text, bytesMax) {
  return fits(text, bytesMax) && VISIBLE.test(text) && !HIDDEN.test(text) && text.trim() === text && isComposed(text);
}

export function isUnitId(text) {
  return isVisibleName(text, UNIT_BYTES_MAX);
}

export function isName(text) {
  return isVisibleName(text, NAME_BYTES_MAX);
}

export function isText(text, bytesMax) {
  return fits(text, bytesMax) && !UNFIT_TEXT.test(text);
}
