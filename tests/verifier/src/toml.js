// The part of TOML 1.0 in which charters are written: tables, arrays of tables, strings, integers, booleans, arrays and inline
// tables. Tables become Map, so that no name in a charter can reach an object's own.

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const INTEGER = /[+-]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?![0-9A-Za-z_.:-])/y;
const SPACE = /[ \t]*/y;
const SPACE_AND_LINES = /(?:[ \t]|\r?\n|#[^\n]*)*/y;
const LINE_END = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const ESCAPES = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' };
const DEPTH_MAX = 32;

/** The document as a Map. Throws a SyntaxError where it is none. */
export function parseToml(text) {
  return new Parser(text).document();
}

class Parser {
  constructor(text) {
    this.text = text;
    this.offset = 0;
  }

  document() {
    const root = new Map();
    let table = root;
    for (this.match(SPACE_AND_LINES); this.offset < this.text.length; this.match(SPACE_AND_LINES)) {
      if (this.skip('[[')) table = this.header(root, ']]', appendTable);
      else if (this.skip('[')) table = this.header(root, ']', (parent, name) => child(parent, name));
      else this.assign(table, 0);
      if (this.match(LINE_END) === null) this.fail();
    }
    return root;
  }

  header(root, closing, place) {
    const path = this.path();
    if (!this.skip(closing)) this.fail();
    const name = path.pop();
    return place(path.reduce(child, root), name);
  }

  assign(table, depth) {
    const path = this.path();
    if (!this.skip('=')) this.fail();
    this.match(SPACE);
    const name = path.pop();
    const owner = path.reduce(child, table);
    if (owner.has(name)) this.fail();
    owner.set(name, this.value(depth));
  }

  path() {
    const names = [];
    do {
      this.match(SPACE);
      names.push(this.key());
      this.match(SPACE);
    } while (this.skip('.'));
    return names;
  }

  key() {
    const next = this.text[this.offset];
    if (next === '"' || next === "'") return this.string();
    return this.match(BARE_KEY) ?? this.fail();
  }

  value(depth) {
    if (depth > DEPTH_MAX) this.fail();
    const next = this.text[this.offset];
    if (next === '"' || next === "'") return this.string();
    if (this.skip('[')) return this.array(depth + 1);
    if (this.skip('{')) return this.inlineTable(depth + 1);
    if (this.skip('true')) return true;
    if (this.skip('false')) return false;
    const digits = this.match(INTEGER) ?? this.fail();
    return Number(digits.replaceAll('_', ''));
  }

  array(depth) {
    const values = [];
    for (;;) {
      this.match(SPACE_AND_LINES);
      if (this.skip(']')) return values;
      values.push(this.value(depth));
      this.match(SPACE_AND_LINES);
      if (!this.skip(',') && this.text[this.offset] !== ']') this.fail();
    }
  }

  inlineTable(depth) {
    const table = new Map();
    this.match(SPACE);
    if (this.skip('}')) return table;
    for (;;) {
      this.assign(table, depth);
      this.match(SPACE);
      if (this.skip('}')) return table;
      if (!this.skip(',')) this.fail();
    }
  }

  string() {
    for (const quote of ['"""', "'''"]) {
      if (!this.skip(quote)) continue;
      this.skip('\r');
      this.skip('\n');
      return this.quoted(quote);
    }
    const quote = this.text[this.offset];
    this.offset += 1;
    return this.quoted(quote);
  }

  quoted(quote) {
    let value = '';
    while (!this.skip(quote)) {
      const next = this.text[this.offset];
      if (next === undefined || (next === '\n' && quote.length === 1)) this.fail();
      this.offset += 1;
      value += next === '\\' && quote[0] === '"' ? this.escape(quote) : next;
    }
    // Up to two quotes may stand directly before the three that close.
    while (quote.length === 3 && this.skip(quote[0])) value += quote[0];
    return value;
  }

  escape(quote) {
    if (quote.length === 3 && /^[ \t]*\r?\n/.test(this.text.slice(this.offset))) {
      this.offset += /^[ \t\r\n]*/.exec(this.text.slice(this.offset))[0].length;
      return '';
    }
    const letter = this.text[this.offset];
    this.offset += 1;
    if (Object.hasOwn(ESCAPES, letter ?? '')) return ESCAPES[letter];
    const length = { u: 4, U: 8 }[letter] ?? this.fail();
    const digits = this.text.slice(this.offset, this.offset + length);
    const point = new RegExp(`^[0-9A-Fa-f]{${length}}$`).test(digits) ? Number.parseInt(digits, 16) : this.fail();
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) this.fail();
    this.offset += length;
    return String.fromCodePoint(point);
  }

  match(pattern) {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.offset = pattern.lastIndex;
    return found[0];
  }

  skip(token) {
    if (!this.text.startsWith(token, this.offset)) return false;
    this.offset += token.length;
    return true;
  }

  fail() {
    throw new SyntaxError(`not TOML, at character ${this.offset}`);
  }
}

function child(table, name) {
  if (!table.has(name)) table.set(name, new Map());
  const value = table.get(name);
  const last = Array.isArray(value) ? value.at(-1) : value;
  if (!(last instanceof Map)) throw new SyntaxError(`not TOML, no table: ${name}`);
  return last;
}

function appendTable(table, name) {
  if (!table.has(name)) table.set(name, []);
  const list = table.get(name);
  if (!Array.isArray(list)) throw new SyntaxError(`not TOML, no array of tables: ${name}`);
  list.push(new Map());
  return list.at(-1);
}
