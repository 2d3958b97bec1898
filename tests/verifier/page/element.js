// Elements of the page. Text comes in by textContent alone, with what is invisible made visible: whoever writes to a ledger
// writes to this page.

import { visible } from '../src/visible.js';

/** An element with a class, and children that are elements or texts. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children.map((child) => (typeof child === 'string' ? visible(child) : child)));
  return made;
}

/** A list of facts: `[name, value]`. */
export function facts(pairs) {
  return element('dl', '', ...pairs.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]));
}

export function table(heads, rows) {
  const head = element('tr', '', ...heads.map((text) => {
    const cell = element('th', '', text);
    cell.scope = 'col';
    return cell;
  }));
  const body = rows.map((row) => element('tr', '', ...row.map((text) => element('td', '', text))));
  return element('div', 'scroll', element('table', '', element('thead', '', head), element('tbody', '', ...body)));
}
