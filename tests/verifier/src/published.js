// Published files (docs/format.md, section 13): a checkpoint, the entries in bundles of 256, and the tree's complete nodes in
// tiles. Where the files are, and how they are fetched, is the caller's.

import { compare, utf8Text } from './bytes.js';
import { faultOf } from './fault.js';
import { readFrames } from './frames.js';
import { NOTE_BYTES_MAX } from './limits.js';
import { parseCheckpoint } from './note.js';

const TILE_WIDTH = 256;
const TILE_LEVELS = 8;
const HASH_BYTES = 32;
export const CHECKPOINT = 'checkpoint';

/** A tile's number as a path: groups of three digits, all but the last with an `x` before it. */
function numberPath(number) {
  const digits = String(number);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g);
  return groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
}

/** The tiles of one kind for so many things: `{ path, fullPath, number, width }` each. */
function* tilesFor(kind, count) {
  for (let number = 0; number * TILE_WIDTH < count; number += 1) {
    const width = Math.min(TILE_WIDTH, count - number * TILE_WIDTH);
    const fullPath = `tile/${kind}/${numberPath(number)}`;
    yield { path: width === TILE_WIDTH ? fullPath : `${fullPath}.p/${width}`, fullPath, number, width };
  }
}

/** `{ bytes, isFull }` of a tile; a partial one may have made way for the full one. Null where there is neither. */
async function readTile({ path, fullPath }, read) {
  const bytes = await read(path);
  if (bytes !== null || path === fullPath) return bytes === null ? null : { bytes, isFull: path === fullPath };
  const full = await read(fullPath);
  return full === null ? null : { bytes: full, isFull: true };
}

/** The entries up to the first that is missing, and the faults of the files that hold them. */
async function readEntries(size, read) {
  const entries = [];
  const faults = [];
  for (const tile of tilesFor('entries', size)) {
    const found = await readTile(tile, read);
    const frames = found === null ? { entries: [], isCutOff: false } : readFrames(found.bytes, 0);
    entries.push(...frames.entries.slice(0, tile.width));
    if (frames.entries.length < tile.width) break;
    const isSurplus = frames.entries.length > tile.width || frames.isCutOff;
    // Behind the entries that this head covers, a full bundle in place of a partial one holds those of later heads.
    const mayHoldMore = found.isFull && tile.width < TILE_WIDTH;
    if (isSurplus && !mayHoldMore) faults.push(faultOf('tile-altered', `${tile.path} holds more than its entries`));
  }
  return { entries, faults };
}

async function judgeTile(tile, level, tree, read) {
  const found = await readTile(tile, read);
  if (found === null) return [faultOf('tile-missing', `there is no file ${tile.path}`)];
  const hashes = tree.nodes(level * TILE_LEVELS, tile.number * TILE_WIDTH, tile.width);
  const length = found.isFull ? TILE_WIDTH * HASH_BYTES : hashes.length;
  const isSame = found.bytes.length === length && compare(found.bytes.subarray(0, hashes.length), hashes) === 0;
  return isSame ? [] : [faultOf('tile-altered', `${tile.path} holds other hashes than the entries have`)];
}

async function judgeTiles(tree, read) {
  const faults = [];
  for (let level = 0, count = tree.size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    for (const tile of tilesFor(level, count)) faults.push(...(await judgeTile(tile, level, tree, read)));
  }
  return faults;
}

/**
 * A log as `judgeLog` takes it, of published files. `read(path)` gives the bytes of a file, or null where there is none. Null where
 * no checkpoint is published.
 */
export async function readPublished(read) {
  const bytes = await read(CHECKPOINT);
  if (bytes === null) return null;
  const text = bytes.length > NOTE_BYTES_MAX ? null : utf8Text(bytes);
  const { note, head } = text === null ? { note: null, head: null } : parseCheckpoint(text);
  const size = head === null ? 0 : Number(head.size);
  const { entries, faults } = await readEntries(size, read);
  // Without all its entries a tree has not the nodes that the tiles show.
  const judge = async (tree) => [...faults, ...(tree.size === size ? await judgeTiles(tree, read) : [])];
  return { note, head, entries, isCutOff: false, mayBeUnsigned: false, judgeTiles: judge };
}
