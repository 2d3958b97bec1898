// The roster: who holds which role in which unit, as intervals that role changes begin and end. Recomputed from the acts that
// the ledger admitted; whether the charter allowed them is not judged.

export class Roster {
  charter = null;
  #kinds = new Map();
  #tenures = [];
  /** Unit to role to person to that person's latest tenure. */
  #latest = new Map();
  #imports = new Map();

  foundUnit(unit, kind) {
    this.#kinds.set(unit, kind);
  }

  /** A unit that was never founded is the one of its kind, or came by import: its id begins with its kind. */
  #kind(unit) {
    return this.#kinds.get(unit) ?? unit.split('/')[0];
  }

  #rule(unit, role) {
    return this.charter.role(this.#kind(unit), role);
  }

  #holders(unit, role) {
    return inner(inner(this.#latest, unit), role);
  }

  /**
   * Begins a tenure. A successor in a single role ends the tenures of those who held it, asserted ones too, and who comes back
   * to a role ends the honour that was kept of it.
   */
  begin({ unit, role, person, at, entry, until = null }) {
    const { isSingle, emeritus } = this.#rule(unit, role);
    if (isSingle) {
      for (const holder of this.#holders(unit, role).keys()) this.end({ unit, role, person: holder, at });
    }
    if (emeritus !== undefined) this.end({ unit, role: emeritus, person, at });
    this.#confer(this.#record({ unit, role, person, from: at, to: until, entry, isAsserted: false }), at, entry);
  }

  /** A role confers the one that it implies, and lasts no longer than that one. */
  #confer(tenure, at, entry) {
    const { unit, person } = tenure;
    const { implies } = this.#rule(unit, tenure.role);
    if (implies === undefined) return;
    if (!this.#isHeld(unit, implies, person, at)) this.begin({ unit, role: implies, person, at, entry });
    const { to } = this.#holders(unit, implies).get(person);
    if (to !== null && isOpen(tenure, to)) tenure.to = to;
  }

  #isHeld(unit, role, person, at) {
    const tenure = this.#holders(unit, role).get(person);
    return tenure !== undefined && !tenure.isAsserted && isOpen(tenure, at);
  }

  #record(tenure) {
    this.#tenures.push(tenure);
    this.#holders(tenure.unit, tenure.role).set(tenure.person, tenure);
    return tenure;
  }

  /** Ends a tenure, and with it every role that implies this one. */
  end({ unit, role, person, at }) {
    if (!this.#close({ unit, role, person, at })) return;
    for (const other of inner(this.#latest, unit).keys()) {
      if (this.#rule(unit, other).implies === role) this.end({ unit, role: other, person, at });
    }
  }

  #close({ unit, role, person, at }) {
    const tenure = this.#holders(unit, role).get(person);
    if (tenure === undefined || !isOpen(tenure, at)) return false;
    tenure.to = at;
    return true;
  }

  /** Ends a tenure at its holder's wish: the honour of the role, where it has one, stays. */
  resign({ unit, role, person, at, entry }) {
    this.end({ unit, role, person, at });
    const { emeritus } = this.#rule(unit, role);
    if (emeritus !== undefined && !this.#isHeld(unit, emeritus, person, at)) {
      this.begin({ unit, role: emeritus, person, at, entry });
    }
  }

  dissolve(unit, at) {
    for (const holders of inner(this.#latest, unit).values()) {
      for (const tenure of holders.values()) {
        if (isOpen(tenure, at)) tenure.to = at;
      }
    }
  }

  /** What the authority found in a source, line by line: what is asserted confers, implies and ends nothing else. */
  import({ change, body, person, role, time }, { id, index }) {
    if (change === 'grant') {
      const tenure = { unit: body, role, person, from: time, to: null, entry: index, isAsserted: true };
      this.#imports.set(id, this.#record(tenure));
    }
    if (change === 'revoke') this.#close({ unit: body, role, person, at: time });
    if (change === 'dissolve') this.dissolve(body, time);
  }

  /** Somebody claims a tenure that an import asserted; only now it confers what it implies. */
  claim(id, at, entry) {
    const tenure = this.#imports.get(id);
    if (tenure === undefined) return;
    tenure.isAsserted = false;
    this.#confer(tenure, at, entry);
  }

  /** The tenures that contain the instant, ordered by unit, role and person. */
  at(instant) {
    return this.#tenures
      .filter((tenure) => tenure.from <= instant && isOpen(tenure, instant))
      .sort((left, right) => order(left.unit, right.unit) || order(left.role, right.role) || order(left.person, right.person));
  }
}

/** Whether a tenure has not ended at an instant. */
function isOpen({ to }, instant) {
  return to === null || instant < to;
}

function inner(map, name) {
  if (!map.has(name)) map.set(name, new Map());
  return map.get(name);
}

/** By code points, as UTF-8 bytes are ordered: the order of UTF-16 units differs beyond the basic plane. */
function order(left, right) {
  const a = [...left];
  const b = [...right];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = a[i].codePointAt(0) - b[i].codePointAt(0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
