// The keys that sign the log's heads, one after another (docs/format.md, section 14), and what a proposal of the next one needs.

import { refuse } from './fault.js';
import { isPoint } from './sshsig.js';

export class LogKeys {
  /** `{ key, from }`: each key that came into force, with the smallest size of a head that it signs, oldest first. */
  #inForce = [];
  /** Every key that an entry names, admitted or not. */
  #named = [];

  name(key) {
    this.#named.push(key);
  }

  /** Puts a key in force for heads of at least so many entries. */
  begin(key, from) {
    this.#inForce.push({ key, from });
  }

  /**
   * The keys that may have signed a head: the one in force at its size. Where an entry broke a rule nobody knows which one that is,
   * and it may be any that the log names.
   */
  at(size, isSound) {
    return isSound ? this.#inForce.filter(({ from }) => from <= size).slice(-1).map(({ key }) => key) : this.#named;
  }

  /**
   * Refuses a proposal when it is made, and again where it would come to stand: a key that is in use, and a key that takes over
   * without the old operator with anything but signatures between the last head that is recognised and its own.
   */
  judge({ event: { fields, seen }, index }, people, { isAtOnce }) {
    const { log_key: key, after } = fields;
    const isUsed = this.#inForce.some((known) => known.key === key) || !isPoint(key) || people.isTaken(key);
    if (isUsed) refuse('log-key-used', `the key is in use, or a security key: ${key}`);
    if (after === undefined) return;
    const isInPlace = index === after && seen.size === after;
    if (!isInPlace || !isAtOnce) refuse('not-at-once', `the key does not take over as entry ${after} at once`);
  }
}
