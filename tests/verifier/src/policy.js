// A witness policy (C2SP tlog-policy): which witnesses somebody knows, and how many of which must have cosigned a head. Its lines
// `log` are read and mean nothing here: a ledger names the keys of its log itself.

import { hex } from './bytes.js';
import { isGoodKey } from './ed25519.js';
import { attempt, refuse } from './fault.js';
import { POLICY_NAMES_MAX } from './limits.js';
import { COSIGNATURE, ED25519, parseVkey } from './note.js';

const NONE = 'none';
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/;
const COMMENT = /^[ \t]*#/;

/**
 * `{ witnesses: [{ name, type, point }], isMet, asksNobody }`: `isMet(points)` of those who have cosigned, in hexadecimal;
 * `asksNobody` where the quorum is `none`. Null where the text is no policy.
 */
export function parsePolicy(text) {
  return attempt(() => new Reader().read(text)).value;
}

class Reader {
  /** Name to whether it is met by the points of witnesses who have cosigned. */
  #rules = new Map();
  #members = new Set();
  #logs = new Set();
  #points = new Set();
  #witnesses = [];
  #quorum = null;

  read(text) {
    if (CONTROL.test(text)) fail('a control character');
    for (const line of text.split('\n')) {
      const [word, ...rest] = COMMENT.test(line) ? [] : line.split(/[ \t]+/).filter((token) => token !== '');
      if (word !== undefined) this.#line(word, rest);
    }
    if (this.#quorum === null) fail('no quorum');
    return { witnesses: this.#witnesses, isMet: this.#rule(this.#quorum), asksNobody: this.#quorum === NONE };
  }

  #line(word, rest) {
    if (word === 'log' && (rest.length === 1 || rest.length === 2)) this.#key(rest[0], ED25519, this.#logs);
    else if (word === 'witness' && (rest.length === 2 || rest.length === 3)) this.#witness(...rest);
    else if (word === 'group' && rest.length > 2) this.#group(...rest);
    else if (word === 'quorum' && rest.length === 1 && this.#quorum === null) this.#nameQuorum(rest[0]);
    else fail('a line of no known kind');
  }

  /** A vkey of the one type that has its place here, of a sound key; no key is of two logs, and none of two witnesses. */
  #key(vkey, type, known) {
    const key = parseVkey(vkey);
    if (key?.type !== type || known.has(hex(key.point)) || !isGoodKey(key.point)) fail('no vkey, or one twice');
    known.add(hex(key.point));
    return key;
  }

  #witness(name, vkey) {
    const key = this.#key(vkey, COSIGNATURE, this.#points);
    const point = hex(key.point);
    this.#witnesses.push(key);
    this.#define(name, (cosigned) => cosigned.has(point));
  }

  #group(name, count, ...members) {
    const rules = members.map((member) => this.#member(member));
    const needed = { any: 1, all: members.length }[count] ?? (/^[1-9][0-9]{0,3}$/.test(count) ? Number(count) : fail('no count'));
    if (needed > members.length) fail('a group that cannot be met');
    this.#define(name, (cosigned) => rules.filter((isMet) => isMet(cosigned)).length >= needed);
  }

  #member(name) {
    if (name === NONE || this.#members.has(name)) fail('nobody, or a member of two groups');
    this.#members.add(name);
    return this.#rule(name);
  }

  #define(name, isMet) {
    if (name === NONE || this.#rules.has(name) || this.#rules.size === POLICY_NAMES_MAX) fail('a name that is taken, or too many');
    this.#rules.set(name, isMet);
  }

  /** What the quorum names is defined above it. */
  #nameQuorum(name) {
    this.#rule(name);
    this.#quorum = name;
  }

  #rule(name) {
    return name === NONE ? () => true : this.#rules.get(name) ?? fail('a name that is not defined yet');
  }
}

function fail(what) {
  refuse('not-a-policy', what);
}
