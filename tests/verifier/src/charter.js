// What a roster has to know of a charter: which roles exclude or confer others, and which honour is kept. Whether an act is
// allowed is the charter's to say and not looked at here.

import { parseToml } from './toml.js';

const NOTHING = new Map();

export class Charter {
  #kinds;

  constructor(document) {
    this.name = document.get('name');
    this.#kinds = table(document.get('unit'));
  }

  /** The charter of a text, or null where the text is none. */
  static compile(text) {
    try {
      return new Charter(parseToml(text));
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  #kind(kind) {
    return table(this.#kinds.get(kind) ?? this.#kinds.get('*'));
  }

  /** `{ isSingle, implies, emeritus }` of a role in units of a kind. */
  role(kind, role) {
    const roles = table(this.#kind(kind).get('role'));
    const rule = table(roles.get(role) ?? roles.get('*'));
    return { isSingle: rule.get('at_most') === 1, implies: rule.get('implies'), emeritus: rule.get('emeritus') };
  }
}

function table(value) {
  return value instanceof Map ? value : NOTHING;
}
