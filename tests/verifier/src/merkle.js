// The Merkle tree of RFC 9162 section 2.1 over SHA-256, and its two proofs by the iterative algorithms of that section.

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal } from './bytes.js';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const HASH_BYTES = 32;

export const EMPTY_ROOT = sha256(new Uint8Array());

export function leafHash(entry) {
  return sha256(concat(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(concat(NODE, left, right));
}

/** A tree that only grows. It keeps its complete nodes, so that the root at any earlier size takes O(log n) hashes. */
export class Tree {
  #levels = [[]];
  #roots = new Map();

  get size() {
    return this.#levels[0].length;
  }

  append(leaf) {
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      if (level === this.#levels.length) this.#levels.push([]);
      const nodes = this.#levels[level];
      nodes.push(hash);
      if (nodes.length % 2 === 1) return;
      hash = nodeHash(nodes[nodes.length - 2], hash);
    }
  }

  /** The complete nodes of a level from `start` on, one after another: each is over 2^level leaves. */
  nodes(level, start, count) {
    return concat(...this.#levels[level].slice(start, start + count));
  }

  /** The root over the first `size` leaves; `size` is at most that of the tree. */
  root(size = this.size) {
    if (size === 0) return EMPTY_ROOT;
    if (!this.#roots.has(size)) this.#roots.set(size, this.#fold(size));
    return this.#roots.get(size);
  }

  /** The complete subtrees that a size is made of stand at its binary digits; they fold from the smallest. */
  #fold(size) {
    let root = null;
    for (let level = 0, left = size; left > 0; level += 1, left = Math.floor(left / 2)) {
      if (left % 2 === 0) continue;
      const node = this.#levels[level][left - 1];
      root = root === null ? node : nodeHash(node, root);
    }
    return root;
  }
}

function wellFormed(hashes) {
  return hashes.every((hash) => hash instanceof Uint8Array && hash.length === HASH_BYTES);
}

/**
 * The root to which a path leads from a leaf (RFC 9162 section 2.1.3.2), or null. Index and size are BigInt: proofs come from
 * anywhere.
 */
export function inclusionRoot({ index, size, leaf, path }) {
  if (!wellFormed([leaf, ...path]) || index < 0n || index >= size) return null;
  let position = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0n) return null;
    if (position % 2n === 1n || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2n === 0n && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  return last === 0n ? hash : null;
}

export function verifyInclusion({ root, ...proof }) {
  const found = inclusionRoot(proof);
  return found !== null && equal(found, root);
}

/**
 * The newer root to which a path leads from an older one (RFC 9162 section 2.1.4.2), or null. Size 0 proves nothing; equal sizes
 * take an empty path.
 */
export function consistencyRoot({ oldSize, newSize, oldRoot, path }) {
  if (!wellFormed([oldRoot, ...path]) || oldSize < 1n || oldSize > newSize) return null;
  if (oldSize === newSize) return path.length === 0 ? oldRoot : null;
  const isPowerOfTwo = (oldSize & (oldSize - 1n)) === 0n;
  const hashes = isPowerOfTwo ? [oldRoot, ...path] : path;
  if (hashes.length === 0) return null;

  let position = oldSize - 1n;
  let last = newSize - 1n;
  while (position % 2n === 1n) [position, last] = [position >> 1n, last >> 1n];
  let older = hashes[0];
  let newer = hashes[0];
  for (const hash of hashes.slice(1)) {
    if (last === 0n) return null;
    if (position % 2n === 1n || position === last) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while (position % 2n === 0n && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      newer = nodeHash(newer, hash);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  return last === 0n && equal(older, oldRoot) ? newer : null;
}

export function verifyConsistency({ newRoot, ...proof }) {
  const found = consistencyRoot(proof);
  return found !== null && equal(found, newRoot);
}
