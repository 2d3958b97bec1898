// Entries one after another, each behind its length in two bytes: so they stand in a bundle, and in a published file of up to 256.

/** `{ entries, isCutOff }`: the entries' bytes from an offset up to the end, or up to the frame that the end cuts off. */
export function readFrames(bytes, start) {
  const entries = [];
  let offset = start;
  while (offset + 2 <= bytes.length) {
    const end = offset + 2 + ((bytes[offset] << 8) | bytes[offset + 1]);
    if (end > bytes.length) break;
    entries.push(bytes.subarray(offset + 2, end));
    offset = end;
  }
  return { entries, isCutOff: offset < bytes.length };
}
