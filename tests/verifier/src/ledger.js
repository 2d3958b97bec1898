// A ledger while it is read: judges each entry by the rules of the format that bind every act, in the order of docs/format.md,
// section 16, and then lets it change what it changes. The rules of the charter are not judged.

import { ACTS } from './acts.js';
import { judgeAnchor } from './anchor.js';
import { equal, fromHex, hex, utf8 } from './bytes.js';
import { Changes } from './changes.js';
import { Charter } from './charter.js';
import { charterDigest } from './digest.js';
import { refuse } from './fault.js';
import { references } from './field.js';
import {
  AUTHORITY_MAX, CHARTER_BYTES_MAX, CLOCK_JUMP_MS, CLOCK_TOLERANCE_MS, NOT_AFTER_MAX_MS, ORIGIN_BYTES_MAX,
} from './limits.js';
import { EMPTY_ROOT, leafHash, Tree } from './merkle.js';
import { parsePolicy } from './policy.js';
import { isRehearsalKey } from './rehearsal.js';
import { parseKey } from './sshsig.js';

const FOUNDING_ACTS = new Set(['found', 'charter-part', 'confirm']);

/** An origin names the log's key under a note, so it is what the name of such a key may be. */
function isOrigin(text) {
  return utf8(text).length <= ORIGIN_BYTES_MAX && /^[^\s+\p{Cc}]+$/u.test(text);
}

function refuseJump() {
  refuse('clock-jumped', 'the clock ran on for more than a day, and nothing shows that a day has passed');
}

export class Ledger {
  tree = new Tree();
  changes = new Changes();
  founding = null;
  /** The log's origin, as the first founding names it, admitted or not. */
  origin = null;
  id = null;
  #verifier;
  #indices = new Map();
  /** The keys that acts brought, by event. */
  #brought = new Map();
  /** When each entry was accepted. */
  #times = [];
  /** Event ids that name witnesses, and those that somebody misses. */
  #namings = new Set();
  #missed = new Set();
  #confirmed = new Set();
  #charterParts = [];
  #charterBytes = 0;
  /** Where the 24 hours began that an act has run on beyond which may, until an anchor is accepted. */
  #unseenSince = null;

  constructor(verifier) {
    this.#verifier = verifier;
  }

  get logKeys() {
    return this.changes.logKeys;
  }

  get witnesses() {
    return this.changes.witnesses;
  }

  get lastAcceptedAt() {
    return this.#times.at(-1) ?? 0;
  }

  acceptedAt(index) {
    return this.#times[index];
  }

  /** The events that were named as missing and have not come, in the order in which they were named. */
  get neverCame() {
    return [...this.#missed].filter((id) => !this.#indices.has(id));
  }

  get isFounded() {
    return this.founding !== null && this.#confirmed.size >= this.founding.threshold;
  }

  /** Takes the next entry. Throws the Fault of one that breaks a rule, which then has changed nothing. */
  async admit(entry) {
    if (this.founding === null) this.#judgeFounding(entry);
    else await this.#judge(entry);
    if (entry.event.act === 'anchor') this.#unseenSince = null;
    else if (this.witnesses !== null && this.#isJump(entry.acceptedAt)) this.#unseenSince ??= this.lastAcceptedAt;
    this.#take(entry);
  }

  /** Takes note of what an entry says of the log, admitted or not: its checkpoint is looked at even where a rule is broken. */
  note({ event: { act, fields }, id, index }) {
    if (act === 'found') this.origin ??= fields.origin;
    if (act === 'found' || act === 'rotate-log-key') this.logKeys.name(fields.log_key);
  }

  /** The leaf of an entry, judged or not: the tree is over bytes. */
  append(bytes) {
    this.tree.append(leafHash(bytes));
  }

  #judgeFounding({ event, acceptedAt, key }) {
    const { act, by, ledger, seen, fields } = event;
    if (act !== 'found') refuse('not-founded', 'the first entry founds no ledger');
    const { authority, keys, threshold, origin, charter_length: length } = fields;
    const points = new Set(keys.map((named) => hex(parseKey(fromHex(named)).point)));
    const isSound =
      ledger === '' && seen.size === 0 && equal(seen.root, EMPTY_ROOT) && authority.length <= AUTHORITY_MAX &&
      authority.length === keys.length && new Set(authority).size === authority.length && points.size === keys.length &&
      threshold >= 1 && threshold <= authority.length && length <= CHARTER_BYTES_MAX && keys[authority.indexOf(by)] === key &&
      isOrigin(origin);
    if (!isSound) refuse('founding-invalid', 'header, authority, keys, threshold, length or origin do not fit together');
    this.#judgeTime(event, acceptedAt);
    this.#judgeNewKeys(fields, authority, keys);
  }

  /** On the wall clock a published key is nobody's. */
  #judgeNewKeys({ clock }, people, keys) {
    const i = clock === 'wall' ? people.findIndex((person, j) => isRehearsalKey(person, keys[j])) : -1;
    if (i >= 0) refuse('rehearsal-key', `the key of ${people[i]} is the published one of rehearsals`);
  }

  async #judge(entry) {
    const { event, acceptedAt, key, id } = entry;
    const { act, by, ledger, seen, fields } = event;
    if (!this.isFounded && !FOUNDING_ACTS.has(act)) refuse('founding-open', 'the founding is not confirmed yet');
    if (ledger !== this.id) refuse('foreign-ledger', `the event belongs to the ledger ${ledger || 'of no id'}`);
    if (act !== 'enrol') this.changes.people.judgeAuthor(event, key, this.#indices.has(id));
    if (this.#indices.has(id)) this.#refuseKnown(id, key);
    this.#judgeTime(event, acceptedAt);
    this.#judgeClock(event, acceptedAt);
    this.#judgeSeen(seen);
    this.#judgeReferences(event);
    this.#judgeMissing(event);
    if (act === 'found') refuse('already-founded', 'the ledger is founded already');
    if (!this.isFounded) this.#judgeWhileFounding(event);
    if (act === 'enrol' && this.changes.people.isTaken(key)) refuse('key-taken', 'the key belongs to somebody already');
    if (act === 'enrol' && this.changes.people.isEnrolled(by)) refuse('handle-taken', `the handle is taken: ${by}`);
    if (act === 'enrol' || act === 'offer-key') this.#judgeNewKeys(this.founding, [by], [key]);
    this.changes.judgeLogKey(entry);
    if (act === 'enrol-people') this.#judgePeople(fields);
    if (act === 'import') this.#judgeImport(fields);
    if (act === 'name-witnesses' && parsePolicy(fields.policy) === null) refuse('policy-invalid', 'the text is no witness policy');
    if (act === 'anchor') await this.#judgeAnchor(entry);
  }

  /** An act that brings its key is about that key: under another one it is somebody else's, of the same id. */
  #refuseKnown(id, key) {
    const isOther = this.#brought.has(id) && this.#brought.get(id) !== key;
    refuse(isOther ? 'signed-by-another' : 'already-there', `the event is in the log already, at entry ${this.#indices.get(id)}`);
  }

  async #judgeAnchor(entry) {
    const { since } = await judgeAnchor(entry, this, this.#verifier);
    const isRecent = BigInt(entry.acceptedAt) - since <= BigInt(CLOCK_JUMP_MS);
    if (this.#isJump(entry.acceptedAt) && !isRecent) refuseJump();
  }

  #judgePeople({ people, keys }) {
    if (people.length === 0 || people.length !== keys.length) refuse('no-path', `${people.length} people and ${keys.length} keys`);
    this.#judgeNewKeys(this.founding, people, keys);
  }

  #judgeImport({ change, person, role }) {
    const isOfPerson = change === 'grant' || change === 'revoke';
    const isWhole = isOfPerson ? person !== undefined && role !== undefined : person === undefined && role === undefined;
    if (!isWhole) refuse('import-fields', `person and role do not fit the change: ${change}`);
  }

  #judgeTime({ at, notAfter }, acceptedAt) {
    if (acceptedAt < this.lastAcceptedAt) refuse('time-went-back', 'the acceptance time lies before that of the previous entry');
    if (at > acceptedAt + CLOCK_TOLERANCE_MS) refuse('claimed-ahead', 'the claimed time is ahead of the acceptance time');
    if (notAfter < at || notAfter > at + NOT_AFTER_MAX_MS) refuse('lives-too-long', 'the event is valid for longer than it may');
    if (acceptedAt > notAfter) refuse('lapsed', 'the event was not valid any more');
  }

  /** An anchor shows by itself that the time has come, once it is found fit; other witnesses may be named at any time. */
  #judgeClock({ act, fields }, acceptedAt) {
    const mayJump = act === 'anchor' || act === 'name-witnesses' || (act === 'endorse' && this.#namings.has(fields.event));
    if (this.witnesses !== null && this.#isJump(acceptedAt) && !mayJump) refuseJump();
  }

  #isJump(acceptedAt) {
    return acceptedAt - (this.#unseenSince ?? this.lastAcceptedAt) > CLOCK_JUMP_MS;
  }

  #judgeSeen({ size, root }) {
    if (size > this.tree.size) refuse('seen-beyond-log', `the event has seen ${size} entries`);
    if (!equal(this.tree.root(size), root)) refuse('seen-root-differs', `the event has seen another log of size ${size}`);
  }

  #judgeReferences({ act, seen, fields }) {
    for (const id of references(ACTS[act], fields)) {
      const index = this.#indices.get(id);
      if (index === undefined) refuse('unknown-event', `no entry carries the event ${id}`);
      if (index >= seen.size) refuse('reference-unseen', `the author had not seen the event ${id} at entry ${index}`);
    }
  }

  #judgeMissing({ seen, missing }) {
    const index = missing.map((id) => this.#indices.get(id)).find((known) => known < seen.size);
    if (index !== undefined) refuse('not-missing', `the author had seen what is named as missing, at entry ${index}`);
  }

  #judgeWhileFounding({ act, by, fields }) {
    if (act === 'charter-part') {
      if (fields.draft !== undefined) refuse('founding-invalid', 'a part of an amended charter');
      const length = this.#charterBytes + utf8(fields.text).length;
      if (fields.part !== this.#charterParts.length) refuse('charter-part-order', 'another part of the charter comes next');
      if (length > this.founding.charter_length) refuse('founding-invalid', 'the parts are longer than the founding says');
      return;
    }
    if (!this.changes.authority.has(by)) refuse('not-authority', `${by} is not of the authority`);
    if (this.#confirmed.has(by)) refuse('already-confirmed', `${by} has confirmed already`);
    const text = utf8(this.#charterParts.join(''));
    const isAnnounced = text.length === this.founding.charter_length && hex(charterDigest(text)) === this.founding.charter_digest;
    if (!isAnnounced) refuse('charter-differs', 'the text of the charter is not the one announced');
    if (Charter.compile(this.#charterParts.join('')) === null) refuse('charter-invalid', 'the text is no charter');
  }

  #take(entry) {
    const { event, id } = entry;
    this.#indices.set(id, entry.index);
    this.#times.push(entry.acceptedAt);
    if (event.act === 'name-witnesses') this.#namings.add(id);
    if (event.act === 'enrol' || event.act === 'offer-key') this.#brought.set(id, entry.key);
    for (const missed of event.missing) this.#missed.add(missed);
    if (this.founding === null) {
      [this.founding, this.id] = [event.fields, id];
      this.changes.found(entry);
    } else if (this.isFounded) {
      this.changes.apply(entry);
    } else {
      this.#found(event);
    }
  }

  #found({ act, by, fields }) {
    if (act === 'charter-part') {
      this.#charterParts.push(fields.text);
      this.#charterBytes += utf8(fields.text).length;
    } else {
      this.#confirmed.add(by);
    }
    if (this.isFounded) this.changes.adopt(Charter.compile(this.#charterParts.join('')));
  }
}
