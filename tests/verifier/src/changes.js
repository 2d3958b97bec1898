// What admitted acts change: people and their keys, the authority, the log's key, the charter in force, and the roster. Every
// other act leaves these as they are.

import { Authority } from './authority.js';
import { hex, utf8 } from './bytes.js';
import { Charter } from './charter.js';
import { charterDigest } from './digest.js';
import { LogKeys } from './logkeys.js';
import { People } from './people.js';
import { parsePolicy } from './policy.js';
import { Roster } from './roster.js';

/** What each act changes in the book of changes, once it stands at an instant and an entry. */
const CHANGES = {
  enrol: (book, { by, key }) => book.enrol(by, key),
  'enrol-people': (book, { fields }) => fields.people.forEach((person, i) => book.enrol(person, fields.keys[i])),
  'offer-key': (book, { id, by, key, fields }) => book.people.offer(id, by, key, fields),
  'bind-key': (book, { by, key, fields }) => book.people.bind(fields.event, by, key),
  'veto-key': (book, { fields }) => book.people.veto(fields.event),
  'settle-key': (book, { fields }) => book.people.settle(fields.event, fields.ruling),
  'revoke-key': (book, { id, by, fields }) => {
    book.people.revoke(by, fields.public_key, id);
    if (fields.since !== undefined) book.authority.takeBack(by);
  },
  'replace-authority': (book, { fields }) => book.authority.replace(fields.authority, fields.threshold),
  'rotate-log-key': (book, { fields, entry }) => book.logKeys.begin(fields.log_key, entry + 1),
  'name-witnesses': (book, { fields }) => book.nameWitnesses(parsePolicy(fields.policy)),
  reconstitute: (book, { fields }) => {
    const effect = book.motions.get(fields.basis);
    if (effect?.kind === 'reconstitute-authority') book.authority.replace(effect.authority, effect.threshold);
  },
  'charter-part': (book, { by, fields }) => book.addDraft(by, fields),
  amend: (book, { fields }) => {
    const effect = book.motions.get(fields.basis);
    if (effect?.kind === 'amend') book.adoptDraft(effect.charter_digest);
  },
  withdraw: (book, { fields }) => book.authority.withdraw(fields.event),
  move: (book, { id, fields }) => book.motions.set(id, fields.effect),
  appoint: (book, { fields: { unit, role, person, until }, at, entry }) => {
    book.roster.begin({ unit, role, person, at, entry, until });
  },
  grant: (book, { fields: { unit, role, person }, at, entry }) => book.roster.begin({ unit, role, person, at, entry }),
  end: (book, { fields: { unit, role, person }, at }) => book.roster.end({ unit, role, person, at }),
  resign: (book, { by, fields: { unit, role, effective = 0, person = by }, at, entry }) => {
    book.roster.resign({ unit, role, person, at: Math.max(effective, at), entry });
  },
  'found-unit': (book, { fields: { unit, kind, basis }, at, entry }) => {
    book.roster.foundUnit(unit, kind);
    for (const first of book.motions.get(basis)?.first ?? []) {
      const [role, person] = first.split(/: (.*)/s);
      book.roster.begin({ unit, role, person, at, entry });
    }
  },
  'dissolve-unit': (book, { fields, at }) => book.roster.dissolve(fields.unit, at),
  import: (book, { fields, id, index }) => book.assert(fields, { id, index }),
  accept: (book, { fields, at, entry }) => book.roster.claim(fields.event, at, entry),
};

export class Changes {
  people = new People();
  roster = new Roster();
  authority = null;
  logKeys = new LogKeys();
  /** The witness policy in force; null while the log names no witnesses. */
  witnesses = null;
  /** Event ids of motions to their effects. */
  motions = new Map();
  /** Handles that an import named: nobody's key is theirs before the authority has signed for it. */
  #asserted = new Set();
  #drafts = new Map();

  found({ event: { fields } }) {
    this.logKeys.begin(fields.log_key, 0);
    this.authority = new Authority(fields.authority, fields.threshold);
    fields.authority.forEach((person, i) => this.people.enrol(person, fields.keys[i]));
  }

  /** Refuses a key for the log that may not be named, or may not come into force with this entry. */
  judgeLogKey(entry) {
    const { event: { act, by, fields }, index } = entry;
    if (act === 'rotate-log-key') this.logKeys.judge(entry, this.people, { isAtOnce: true });
    const completed = act === 'endorse' ? this.authority.completed(fields.event, by) : null;
    if (completed?.entry.event.act !== 'rotate-log-key') return;
    const isAtOnce = index === completed.entry.index + completed.endorsements + 1;
    this.logKeys.judge(completed.entry, this.people, { isAtOnce });
  }

  adopt(charter) {
    this.roster.charter = charter;
  }

  /** Applies an act of a ledger whose founding is confirmed. */
  apply(entry) {
    const { event } = entry;
    if (event.act === 'endorse') return this.#enact(this.authority.sign(event.fields.event, event.by), entry);
    const waits = Authority.mayWait(event) || (event.act === 'enrol' && this.#asserted.has(event.by));
    return this.#enact(waits ? this.authority.propose(entry) : entry, entry);
  }

  /** Carries out `entry`, which stands since `last`: its own entry, or that of the signature which completed it. */
  #enact(entry, last) {
    if (entry === null || !Object.hasOwn(CHANGES, entry.event.act)) return;
    const { event, id, key, index } = entry;
    CHANGES[event.act](this, { ...event, id, key, index, at: last.acceptedAt, entry: last.index });
  }

  nameWitnesses(policy) {
    this.witnesses = policy.asksNobody ? null : policy;
  }

  enrol(person, key) {
    this.#asserted.delete(person);
    this.people.enrol(person, key);
  }

  assert(fields, entry) {
    if (fields.person !== undefined && !this.people.isEnrolled(fields.person)) this.#asserted.add(fields.person);
    this.roster.import(fields, entry);
  }

  /** A part of an amended charter's text; part 0 begins it anew. */
  addDraft(author, { draft, part, text }) {
    const name = JSON.stringify([author, draft]);
    if (part === 0 || !this.#drafts.has(name)) this.#drafts.set(name, []);
    this.#drafts.get(name).push(text);
  }

  /** Puts in force the charter of a digest whose whole text somebody has brought. */
  adoptDraft(digest) {
    for (const parts of this.#drafts.values()) {
      const text = parts.join('');
      const charter = hex(charterDigest(utf8(text))) === digest ? Charter.compile(text) : null;
      if (charter !== null) return this.adopt(charter);
    }
  }
}
