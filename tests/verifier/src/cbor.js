// Deterministic CBOR in the narrow data model of docs/format.md, section 1. One value has one encoding, so the reader refuses
// every other one on sight: lengths are compared with what is left before anything is allocated.
//
// Unsigned integers below 2^53 become numbers, larger ones BigInt; byte strings Uint8Array; maps Map.

import { compare, utf8Text } from './bytes.js';
import { Fault } from './fault.js';
import { CBOR_DEPTH_MAX, CBOR_ITEMS_MAX } from './limits.js';

const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;

/** The one item that the bytes are. Throws a Fault `not-canonical` for anything else. */
export function decode(bytes) {
  return new Reader(bytes).whole();
}

function refuse(what) {
  throw new Fault('not-canonical', what);
}

export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.offset = 0;
    this.items = 0;
  }

  whole() {
    const value = this.item(0);
    if (this.offset !== this.bytes.length) refuse('bytes follow the item');
    return value;
  }

  item(depth) {
    this.items += 1;
    if (this.items > CBOR_ITEMS_MAX) refuse('too many items');
    const first = this.byte();
    if (first === FALSE || first === TRUE) return first === TRUE;
    switch (first >> 5) {
      case UNSIGNED:
        return this.argument(first & 31);
      case BYTES:
        return this.take(this.argument(first & 31));
      case TEXT:
        return utf8Text(this.take(this.argument(first & 31))) ?? refuse('a text is not UTF-8');
      case ARRAY:
        return this.array(this.argument(first & 31), depth + 1);
      case MAP:
        return this.map(this.argument(first & 31), depth + 1);
      default:
        return this.other(first, depth);
    }
  }

  /** Kinds of values that the format does not have. */
  other() {
    return refuse('a kind of value that does not occur');
  }

  array(length, depth) {
    this.enter(length, depth);
    const values = [];
    for (let i = 0; i < length; i += 1) values.push(this.item(depth));
    return values;
  }

  map(length, depth) {
    this.enter(length, depth);
    const map = new Map();
    let previous = null;
    for (let i = 0; i < length; i += 1) {
      const start = this.offset;
      const key = this.item(depth);
      if (typeof key !== 'string') refuse('a map key is not a text');
      const encoded = this.bytes.subarray(start, this.offset);
      if (previous !== null && compare(previous, encoded) >= 0) refuse('map keys are out of order');
      previous = encoded;
      map.set(key, this.item(depth));
    }
    return map;
  }

  /** Every item takes a byte at least, so a length beyond what is left cannot be met. */
  enter(length, depth) {
    if (depth > CBOR_DEPTH_MAX) refuse('nested too deeply');
    if (length > this.bytes.length - this.offset) refuse('an array or map is cut off');
  }

  argument(information) {
    if (information < 24) return information;
    if (information > 27) return refuse('an indefinite or reserved length');
    const width = 1 << (information - 24);
    let value = 0n;
    for (const byte of this.take(width)) value = (value << 8n) | BigInt(byte);
    const shortest = width === 1 ? 24n : 1n << BigInt(width * 4);
    if (value < shortest) refuse('an integer or length is not the shortest');
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  byte() {
    return this.take(1)[0];
  }

  take(length) {
    if (length > this.bytes.length - this.offset) refuse('the bytes are cut off');
    const taken = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return taken;
  }
}
