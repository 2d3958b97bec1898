// Fields of acts and effects: reads one CBOR value as the kind that the vocabulary gives it. Event ids, digests and keys become
// hexadecimal text; every other value stays what it is.

import { EFFECTS } from './acts.js';
import { hex } from './bytes.js';
import { refuse } from './fault.js';
import { CHARTER_PART_BYTES_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX, TIME_MS_MAX } from './limits.js';
import { parseKey } from './sshsig.js';
import { isHandle, isName, isText, isUnitId } from './words.js';

const DIGEST_BYTES = 32;

export function isInteger(value) {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isTime(value) {
  return isInteger(value) && value <= TIME_MS_MAX;
}

export function isDigest(value) {
  return value instanceof Uint8Array && value.length === DIGEST_BYTES;
}

const text = (test) => (value) => (typeof value === 'string' && test(value) ? value : undefined);
const digest = (value) => (isDigest(value) ? hex(value) : undefined);
const key = (value) => (value instanceof Uint8Array && parseKey(value) !== null ? hex(value) : undefined);

function isPair(value) {
  const [name, words] = value.split(/: (.*)/s);
  return isName(name) && words !== undefined && words !== '';
}

function listOf(kind) {
  return (value) => {
    if (!Array.isArray(value) || value.length > LIST_ITEMS_MAX) return undefined;
    const items = value.map((item) => KINDS[kind](item));
    return items.includes(undefined) ? undefined : items;
  };
}

const KINDS = {
  text: text((value) => isText(value, TEXT_BYTES_MAX)),
  charter: text((value) => isText(value, CHARTER_PART_BYTES_MAX)),
  pair: text((value) => isText(value, TEXT_BYTES_MAX) && isPair(value)),
  handle: text(isHandle),
  unit: text(isUnitId),
  name: text(isName),
  event: digest,
  digest,
  key,
  time: (value) => (isTime(value) ? value : undefined),
  integer: (value) => (isInteger(value) ? value : undefined),
  texts: listOf('text'),
  pairs: listOf('pair'),
  handles: listOf('handle'),
  events: listOf('event'),
  keys: listOf('key'),
  references: (value) => (value === 'none' ? value : KINDS.texts(value)),
  effect: (value) => (value instanceof Map ? effect(value) : undefined),
};

function effect(map) {
  const kind = map.get('kind');
  if (typeof kind !== 'string' || !Object.hasOwn(EFFECTS, kind)) return refuse('not-an-act', 'an effect of no known kind');
  return { kind, ...fields(EFFECTS[kind], map, ['kind']) };
}

function word(choices, value) {
  return choices.split('|').includes(value) ? value : undefined;
}

/** The fields of `map` by their kinds in `table`; `besides` are the keys that belong to somebody else. */
export function fields(table, map, besides) {
  const expected = Object.entries(table).map(([name, kind]) => [name.replace('?', ''), kind, name.endsWith('?')]);
  const names = new Set([...besides, ...expected.map(([name]) => name)]);
  for (const name of map.keys()) {
    if (!names.has(name)) refuse('not-an-act', `a field that the act does not have: ${name}`);
  }
  const values = {};
  for (const [name, kind, isOptional] of expected) {
    if (!map.has(name)) {
      if (!isOptional) refuse('not-an-act', `the field is missing: ${name}`);
      continue;
    }
    const value = kind.includes('|') ? word(kind, map.get(name)) : KINDS[kind](map.get(name));
    if (value === undefined) refuse('not-an-act', `the field does not hold what it should: ${name}`);
    values[name] = value;
  }
  return values;
}

/** The keys that the fields hold, in the order of the table. */
export function keys(table, values) {
  return Object.entries(table).flatMap(([name, kind]) => {
    const isKey = kind === 'key' || kind === 'keys';
    return isKey ? [values[name.replace('?', '')] ?? []].flat() : [];
  });
}

/** The event ids to which the fields refer, in the order of the table. */
export function references(table, values) {
  const found = [];
  for (const [name, kind] of Object.entries(table)) {
    const value = values[name.replace('?', '')];
    if (value === undefined) continue;
    if (kind === 'event') found.push(value);
    if (kind === 'events') found.push(...value);
    if (kind === 'effect') found.push(...references(EFFECTS[value.kind], value));
  }
  return found;
}
