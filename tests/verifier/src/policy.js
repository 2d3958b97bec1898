// A witness policy (C2SP tlog-policy): which witnesses somebody knows, and how many of which must have cosigned a head. Its lines
// `log` are read and mean nothing here: a ledger names the keys of its log itself.

import { hex } from './bytes.js';
import { Fault, refuse } from './fault.js';
import { POLICY_NAMES_MAX } from './limits.js';
import { COSIGNATURE, ED25519, parseVkey } from './note.js';

const NONE = 'none';

/** `{ witnesses: [{ name, type, point }], isMet }`, `isMet(names)` of those who have cosigned. Null where the text is no policy. */
export function parsePolicy(text) {
  try {
    return new Reader().read(text);
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}

class Reader {
  /** Name to whether it is met by the names of witnesses who have cosigned. */
  #rules = new Map();
  #members = new Set();
  #keys = new Set();
  #witnesses = [];
  #quorum = null;

  read(text) {
    for (const line of text.split('\n')) {
      const [word, ...rest] = line.replace(/#.*$/, '').split(/[ \t]+/).filter((token) => token !== '');
      if (word !== undefined) this.#line(word, rest);
    }
    if (this.#quorum === null) fail('no quorum');
    return { witnesses: this.#witnesses, isMet: this.#quorum };
  }

  #line(word, rest) {
    if (word === 'log' && (rest.length === 1 || rest.length === 2)) this.#key(rest[0], ED25519);
    else if (word === 'witness' && (rest.length === 2 || rest.length === 3)) this.#witness(...rest);
    else if (word === 'group' && rest.length > 2) this.#group(...rest);
    else if (word === 'quorum' && rest.length === 1 && this.#quorum === null) this.#quorum = this.#rule(rest[0]);
    else fail('a line of no known kind');
  }

  /** A vkey of the one type that has its place here; no key stands twice. */
  #key(vkey, type) {
    const key = parseVkey(vkey);
    if (key?.type !== type || this.#keys.has(hex(key.point))) fail('no vkey, or one twice');
    this.#keys.add(hex(key.point));
    return key;
  }

  #witness(name, vkey) {
    const key = this.#key(vkey, COSIGNATURE);
    this.#witnesses.push(key);
    this.#define(name, (cosigned) => cosigned.has(key.name));
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

  #rule(name) {
    return name === NONE ? () => true : this.#rules.get(name) ?? fail('a name that is not defined yet');
  }
}

function fail(what) {
  refuse('not-a-policy', what);
}
