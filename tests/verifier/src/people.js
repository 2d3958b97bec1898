// People and their keys: who may sign as whom at which entry (docs/decisions/0013). Acts reach this book after the ledger has
// admitted them; what the rules of keys would have refused is not judged again.

import { refuse } from './fault.js';

const POINT_DIGITS = 64;
const RETIRED = 'retired';
const REVOKED = 'revoked';
const CANCELLED = 'cancelled';
const RECOVERY_ACTS = new Set(['bind-key', 'revoke-key', 'veto-key']);

export class People {
  /** Handle to keys; a key to the turn in which it was bound, for what, and how and in which turn it ended. */
  #keys = new Map();
  #offers = new Map();
  /** Counts what happened to keys, so that earlier and later can be told within one instant. */
  #turn = 0;

  isEnrolled(handle) {
    return this.#keys.has(handle);
  }

  /** Whether somebody's good key has the same point: one is one person's, alone or under whatever application. */
  isTaken(key) {
    const point = key.slice(0, POINT_DIGITS);
    return [...this.#keys.values()].some((keys) => [...keys].some(([own, { end }]) => end === null && own.startsWith(point)));
  }

  enrol(handle, key) {
    this.#turn += 1;
    this.#keys.set(handle, new Map([[key, { since: this.#turn, purpose: 'signing', end: null }]]));
  }

  /** Refuses an author who is unknown, or whose key did not sign, or not for this act. What is there already is refused for that. */
  judgeAuthor({ act, by, fields }, key, isThere) {
    if (!this.isEnrolled(by)) refuse('not-enrolled', `${by} is not enrolled`);
    if (act === 'offer-key') return;
    const known = this.#keys.get(by).get(key);
    if (known === undefined && act === 'bind-key' && this.#isOffered(fields.event, by, key)) return;
    if (known === undefined) refuse('key-not-of-author', `the key ${key} is none of ${by}`);
    if (isThere) return;
    const isGood = known.end === null || this.#mayObject({ act, by, fields }, known);
    if (!isGood) refuse('key-ended', `the key ${key} of ${by} was ${known.end.how}`);
    const isFit = known.purpose === 'signing' || RECOVERY_ACTS.has(act);
    if (!isFit) refuse('recovery-only', `the key is a recovery key of ${by} and does not sign: ${act}`);
  }

  /** An older key that was ended since a binding, or by it, may still take it back; one whose own binding was may not. */
  #mayObject({ act, by, fields }, { since, end }) {
    const offer = act === 'veto-key' ? this.#offers.get(fields.event) : undefined;
    if (offer === undefined || offer.person !== by || offer.bound === null || end.how === CANCELLED) return false;
    return since < offer.bound && offer.bound <= end.turn;
  }

  /** A key that was offered asks for itself to be bound. */
  #isOffered(id, person, key) {
    const offer = this.#offers.get(id);
    return offer !== undefined && offer.person === person && offer.key === key;
  }

  offer(id, person, key, { purpose = 'signing', retires = [] }) {
    this.#offers.set(id, { person, key, purpose, retires, bound: null });
  }

  /** Binds an offered key: by the word of a key of the person it ends what the offer names, by the authority's every other key. */
  bind(id, author, key) {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    const isOwn = author === offer.person && this.#keys.get(author).get(key)?.end === null;
    this.#bind(id, isOwn ? offer.retires : [...this.#keys.get(offer.person).keys()]);
  }

  #bind(id, ending) {
    this.#turn += 1;
    const offer = this.#offers.get(id);
    const keys = this.#keys.get(offer.person);
    for (const key of ending) {
      const known = keys.get(key);
      if (known?.end === null) known.end = this.#end(RETIRED, id);
    }
    keys.set(offer.key, { since: this.#turn, purpose: offer.purpose, end: null });
    offer.bound = this.#turn;
  }

  #end(how, by) {
    return { how, by, turn: this.#turn };
  }

  /** An objection takes a binding back; while nothing is bound it changes no key. */
  veto(id) {
    const offer = this.#offers.get(id);
    if (offer === undefined || offer.bound === null) return;
    this.#turn += 1;
    for (const known of this.#keys.get(offer.person).values()) {
      if (known.end?.how === RETIRED && known.end.by === id) known.end = null;
    }
    this.#keys.get(offer.person).get(offer.key).end = this.#end(CANCELLED, id);
  }

  settle(id, ruling) {
    const offer = this.#offers.get(id);
    if (offer === undefined || ruling === 'dismiss') return;
    this.#bind(id, [...this.#keys.get(offer.person).keys()]);
  }

  revoke(handle, key, id) {
    const known = this.#keys.get(handle)?.get(key);
    this.#turn += 1;
    if (known !== undefined) known.end = this.#end(REVOKED, id);
  }
}
