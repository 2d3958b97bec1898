// The checkpoint and the cosignatures of a known log and two known witnesses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verifier } from '../src/ed25519.js';
import { judgeSignature, parseHead, parseNote, parseVkey } from '../src/note.js';

const TEXT = 'gov.example.org/ledger\n7\nkTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n';
const line = (name, signature) => `\u2014 ${name} ${signature}\n`;
const LOG = line('gov.example.org/ledger',
  'G0tB/1XVr0sDWIE1PK0fyMv0J68+OA8DfASl2pGuU+Ox9cZCz8Dw75LYA+G1LM+v' +
  'H1+ZEKHkW2IJGMDzEZr8cmDKjQ4=');
const FIRST = line('w1.example.net/witness',
  'HxnOEwAAAABlU/EA+k5HK+MRrq8o7wyCl0QrbxRmABpjijdHeCXoqs1uUzqtm6JO' +
  'PO+5Wej5YXlHBQyBZCXhgkww5AFti9WTgN2KBw==');
const SECOND = line('w2.example.com/witness',
  'zXK+sQAAAABlU/EBP4SbAiOSTzqEEdsdjuaSrt4bruJ3o+cuomn3PavTAlnKkk32' +
  'EZ6aayYYpVfBokpUfClMwoKD0TrGa4INGbQ3CA==');
const VKEYS = [
  'gov.example.org/ledger+1b4b41ff+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c',
  'w1.example.net/witness+1f19ce13+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU',
  'w2.example.com/witness+cd72beb1+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR',
].map(parseVkey);

async function verdicts(text) {
  const note = parseNote(text);
  const verifier = new Verifier();
  return Promise.all(VKEYS.map((vkey) => judgeSignature(note, vkey, verifier).then(({ verdict }) => verdict)));
}

test('log and witnesses have signed the known checkpoint', async () => {
  const note = parseNote(`${TEXT}\n${LOG}${FIRST}${SECOND}`);
  assert.equal(parseHead(note.text).size, 7n);
  assert.deepEqual(await verdicts(`${TEXT}\n${LOG}${FIRST}${SECOND}`), ['good', 'good', 'good']);
  assert.equal((await judgeSignature(note, VKEYS[1], new Verifier())).time, 1_700_000_000n);
});

test('a changed text, a second line and a missing line are told apart', async () => {
  assert.deepEqual(await verdicts(`${TEXT.replace('7', '8')}\n${LOG}${FIRST}`), ['bad', 'bad', 'absent']);
  assert.deepEqual(await verdicts(`${TEXT}\n${LOG}${LOG}${SECOND}`), ['bad', 'absent', 'good']);
  assert.deepEqual(await verdicts(`${TEXT}\n`), ['absent', 'absent', 'absent']);
});

test('what is no note, head or vkey is refused', () => {
  for (const text of [TEXT, `${TEXT}\n${LOG.slice(2)}`, `${TEXT}\n${LOG.trimEnd()}`, `${TEXT}\n${LOG.replace(' G0', '  G0')}`]) {
    assert.equal(parseNote(text), null, text);
  }
  const root = 'kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=';
  for (const text of [`o\n07\n${root}\n`, `o\n7\n${root}\nmore\n`, `o\n7\n${root}`, `\n7\n${root}\n`, 'o\n7\nAAAA\n',
    `o\n-1\n${root}\n`,
    `o\n18446744073709551616\n${root}\n`]) {
    assert.equal(parseHead(text), null, text);
  }
  for (const vkey of ['', 'a', 'a+b', 'w1.example.net/witness+1f19ce14+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU']) {
    assert.equal(parseVkey(vkey), null, vkey);
  }
});
