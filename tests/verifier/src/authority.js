// The appointing authority: its persons, its threshold, and its acts that wait for signatures.

/** Acts that are the authority's whenever they name no basis; those of them that change what is kept here are kept. */
const ACTS = new Set([
  'appoint', 'found-unit', 'dissolve-unit', 'end', 'enrol-people', 'settle-key', 'replace-authority', 'rotate-log-key',
  'name-witnesses', 'reconstitute',
]);

export class Authority {
  #persons;
  #threshold;
  #waiting = new Map();

  constructor(persons, threshold) {
    this.replace(persons, threshold);
  }

  replace(persons, threshold) {
    this.#persons = new Set(persons);
    this.#threshold = threshold;
  }

  get threshold() {
    return this.#threshold;
  }

  has(person) {
    return this.#persons.has(person);
  }

  static mayWait({ act, fields }) {
    return ACTS.has(act) && (act === 'appoint' || fields.basis === undefined);
  }

  /** Begins to wait for signatures, the author's own being the first. */
  propose(entry) {
    this.#waiting.set(entry.id, { entry, signers: new Set([entry.event.by]), endorsements: 0 });
    return this.#enact(entry.id);
  }

  /** Adds a signature; the act's entry where it stands with it, else null. */
  sign(id, person) {
    const proposal = this.#waiting.get(id);
    if (proposal === undefined) return null;
    proposal.signers.add(person);
    proposal.endorsements += 1;
    return this.#enact(id);
  }

  /** The proposal, as it is before, that comes to stand with a person's signature; null where none does. */
  completed(id, person) {
    const proposal = this.#waiting.get(id);
    if (proposal === undefined) return null;
    const signers = new Set([...proposal.signers, person]);
    return this.#stands({ ...proposal, signers }) ? proposal : null;
  }

  #enact(id) {
    const proposal = this.#waiting.get(id);
    if (!this.#stands(proposal)) return null;
    this.#waiting.delete(id);
    return proposal.entry;
  }

  withdraw(id) {
    this.#waiting.delete(id);
  }

  /** Who may have lost a key takes back every signature that still waits. */
  takeBack(person) {
    for (const { signers } of this.#waiting.values()) signers.delete(person);
  }

  #stands({ entry: { event }, signers }) {
    const old = [...signers].filter((signer) => this.#persons.has(signer)).length;
    if (event.act !== 'replace-authority') return old >= this.#threshold;
    const { authority, threshold } = event.fields;
    return old >= this.#threshold && authority.filter((person) => signers.has(person)).length >= threshold;
  }
}
