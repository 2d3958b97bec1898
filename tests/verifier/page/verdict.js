// A verdict as elements of the page. It adds nothing to what was judged, and says what was not.

import { element, facts, table } from './element.js';

const FAULTS_SHOWN = 200;
const WORDS = {
  good: 'has signed', bad: 'has a signature that is not good', absent: 'has not signed',
  unread: 'was not asked: there are too many faults',
};

const REHEARSAL = 'A rehearsal: its times are declared, its keys are public, and it proves nothing.';
const OPEN_END = 'Nobody vouches for the end of this log: entries may have been cut off.';

const NOT_CHECKED = [
  'The rules of the charter: whether who appointed, voted or granted was entitled to. `rollcall audit` judges them.',
  'Acceptance times: they are the operator\u2019s, within what authors claimed and the witnesses that the log names have seen.',
  'Whether this is the whole log: entries after the checkpoint, and another history shown to somebody else.',
  'What happened outside: lent keys, pressure, documents behind links.',
];

const NOT_CHECKED_OF_RECEIPT = [
  'Whether the key was the author\u2019s when it signed, and whether the act was allowed: the whole ledger shows that.',
  'The acceptance time: it is the operator\u2019s.',
];

export function describe(verdict, expected) {
  const isReceipt = verdict.event !== undefined;
  return [
    headline(verdict, isReceipt, expected),
    ...identity(verdict, expected),
    ...faultList(verdict.faults),
    ...(verdict.outcome === 'valid' && isReceipt ? receipt(verdict) : []),
    ...(verdict.signers === undefined ? [] : log(verdict)),
    element('h2', '', 'What was not checked'),
    element('ul', '', ...(isReceipt ? NOT_CHECKED_OF_RECEIPT : NOT_CHECKED).map((text) => element('li', '', text))),
  ];
}

function headline({ outcome, faults }, isReceipt, expected) {
  if (outcome !== 'valid') {
    return element('p', 'verdict bad', `\u2717 Invalid: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}`);
  }
  const what = isReceipt ? 'The act is in the log' : 'Bytes, signatures, tree, authorship and checkpoint are in order';
  const doubt = expected === null ? ', but no ledger id was expected' : '';
  return element('p', 'verdict good', `\u2713 Valid: ${what}${doubt}`);
}

function identity({ ledger, name, isRehearsal }, expected) {
  if (ledger === null) return [];
  const comparison = expected === null
    ? element('span', 'warn', 'Compare it with the id that you were given.')
    : ledger === expected
      ? element('span', 'good', '\u2713 It is the ledger that you expect.')
      : element('span', 'bad', '\u2717 It is not the ledger that you expect.');
  const rows = [['Ledger id', element('span', '', element('code', '', ledger), ' ', comparison)]];
  if (name) rows.unshift(['Community', name]);
  const warning = isRehearsal ? [element('p', 'warn', `\u26a0 ${REHEARSAL}`)] : [];
  return [element('h2', '', 'Ledger'), facts(rows), ...warning];
}

function faultList(faults) {
  if (faults.length === 0) return [];
  const shown = faults.slice(0, FAULTS_SHOWN);
  const rows = shown.map(({ entry, code, what }) => [entry === null ? 'the whole' : String(entry), code, what]);
  const more = faults.length - rows.length;
  const rest = more === 0 ? [] : [element('p', 'help', `and ${more} more`)];
  const note = element('p', 'help', 'After the first fault of an entry, only bytes and signatures of the later ones are judged.');
  return [element('h2', '', 'Faults'), table(['Entry', 'Code', 'What is wrong'], rows), ...rest, note];
}

function receipt({ event, act, by, index, origin, size, root }) {
  return [
    element('h2', '', 'Receipt'),
    facts([['Act', act], ['By', by], ['Event', element('code', '', event)], ['Entry', index], ['Origin', origin], ['Size', size],
      ['Root', element('code', '', root)]]),
  ];
}

function log(verdict) {
  return [...checkpoint(verdict), ...cosigners(verdict), ...missing(verdict), ...roster(verdict)];
}

function checkpoint({ origin, size, root, at, stated, signers }) {
  return [
    element('h2', '', 'Log'),
    facts([
      ['Origin', origin ?? 'unknown'],
      ['Entries', `${size}; the checkpoint says ${stated?.size ?? 'nothing'}`],
      ['Root', element('code', '', root)],
      ['Last acceptance', instant(at)],
      ['Checkpoint', `The log\u2019s key ${WORDS[signers.log]}; other signature lines: ${signers.others.length}.`],
    ]),
    ...(signers.log === 'good' ? [] : [element('p', 'warn', `\u26a0 ${OPEN_END}`)]),
  ];
}

/** Whom the policy asks, and what they say of the head. */
function cosigners({ signers }) {
  if (signers.cosigners.length === 0) return [];
  const rows = signers.cosigners.map(({ name, verdict, time }) => [name, WORDS[verdict], time === null ? '' : moment(time)]);
  return [element('h2', '', 'Witnesses of the policy'), table(['Witness', 'Says', 'When'], rows)];
}

/** A witness may say any second, also one that no calendar of the browser has. */
function moment(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : instant(date.getTime());
}

function missing({ neverCame }) {
  if (neverCame.length === 0) return [];
  const intro = 'Events that somebody says to have submitted, and that are not in the log.';
  return [element('h2', '', 'Missing'), element('p', 'help', intro), table(['Event'], neverCame.map((id) => [id]))];
}

function roster({ roster: tenures, at, faults }) {
  const isPartial = faults.some(({ entry }) => entry !== null);
  const intro = `As of ${instant(at)}${isPartial ? ', from the entries before the first fault' : ''}: ${tenures.length} tenures.`;
  const holder = ({ person, isAsserted }) => `${person}${isAsserted ? ' (asserted)' : ''}`;
  const rows = tenures.map((tenure) => [tenure.unit, tenure.role, holder(tenure), instant(tenure.from)]);
  const list = rows.length === 0 ? [] : [table(['Unit', 'Role', 'Person', 'Since'], rows)];
  return [element('h2', '', 'Roster'), element('p', 'help', intro), ...list];
}

function instant(milliseconds) {
  return new Date(Number(milliseconds)).toISOString().replace('.000', '');
}
