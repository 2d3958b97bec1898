// Texts of a ledger as they may be shown: what is invisible, or would move other text, is written as its code point.

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;

export function visible(text) {
  return text.replace(HIDDEN, (letter) => `\u2039U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}\u203a`);
}
