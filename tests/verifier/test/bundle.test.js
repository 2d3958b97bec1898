// Every fault of a bundle that the format names, each made by one change to a good ledger.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, utf8 } from '../src/bytes.js';
import { verifyBundle } from '../src/verify.js';
import { encode, Forge, frame, NOON, signEvent, signNote, testKey, testSeed } from './forge.js';

const HASH = new Uint8Array(32).fill(7);
const DAY = 86_400_000;

async function firstFault(bytes, options) {
  const { outcome, faults } = await verifyBundle(bytes, options);
  assert.equal(outcome, faults.length === 0 ? 'valid' : 'invalid');
  return faults.length === 0 ? null : [faults[0].entry, faults[0].code];
}

function small() {
  const forge = Forge.founded();
  forge.act('enrol', {}, { by: 'ann' });
  return forge;
}

const good = () => signEvent(encode({ act: 'confirm' }), testSeed('root'));

/** Entry 4 of a ledger, and what it is refused for. */
const ENTRIES = {
  'empty bytes': [() => new Uint8Array(), 'not-canonical'],
  'a long integer': [() => concat(fromHex('831801'), encode(NOON), encode(good())), 'not-canonical'],
  'a map': [() => encode({}), 'not-an-entry'],
  'four elements': [() => encode([1, NOON, good(), 0]), 'not-an-entry'],
  'no time': [() => encode([1, 'noon', good()]), 'not-an-entry'],
  'a time beyond 2100': [() => encode([1, 4_102_444_800_001, good()]), 'not-an-entry'],
  'no event': [() => encode([1, NOON, [HASH, HASH]]), 'not-an-entry'],
  'a payload that is too long': [
    () => encode([1, NOON, [new Uint8Array(65_281), testKey('root'), new Uint8Array(64)]]), 'not-an-entry',
  ],
  'version 2': [() => encode([2, NOON, good()]), 'unknown-version'],
  'a key of small order': [() => encode([1, NOON, [encode({}), new Uint8Array(32), new Uint8Array(64)]]), 'bad-key'],
  'a signature over other bytes': [() => encode([1, NOON, [encode({}), ...good().slice(1)]]), 'bad-signature'],
  'a payload that is not canonical': [() => encode([1, NOON, signEvent(fromHex('1800'), testSeed('root'))]), 'not-canonical'],
  'a payload that is no act': [() => encode([1, NOON, good()]), 'not-an-act'],
};

/** An act after `enrol`, as arguments of `Forge.act`, and what it is refused for. */
const ACTS = {
  'an unknown act': [['dance'], 'not-an-act'],
  'a field that is missing': [['endorse'], 'not-an-act'],
  'a field too many': [['confirm', { more: 1 }], 'not-an-act'],
  'a field of another kind': [['endorse', { event: 'x' }], 'not-an-act'],
  'a handle that hides something': [['confirm', {}, { header: { by: 'ro\u2060ot' } }], 'not-an-act'],
  'a text that moves text': [['item', { unit: 'board', title: 'a\u202eb' }], 'not-an-act'],
  'an effect of no kind': [['move', { unit: 'board', title: 'a', effect: { kind: 'sing' } }], 'not-an-act'],
  'another ledger': [['item', { unit: 'board', title: 'a' }, { header: { ledger: HASH } }], 'foreign-ledger'],
  'nobody': [['item', { unit: 'board', title: 'a' }, { by: 'bob' }], 'not-enrolled'],
  'a key of nobody': [['item', { unit: 'board', title: 'a' }, { signer: 'ann2' }], 'key-not-of-author'],
  'a key of somebody else': [['item', { unit: 'board', title: 'a' }, { signer: 'ann' }], 'key-not-of-author'],
  'a time before the last': [['item', { unit: 'board', title: 'a' }, { acceptedAt: NOON - 1 }], 'time-went-back'],
  'a claim ahead': [['item', { unit: 'board', title: 'a' }, { header: { at: NOON + 300_001 } }], 'claimed-ahead'],
  'a life before its claim': [['item', { unit: 'board', title: 'a' }, { header: { not_after: NOON - 1 } }], 'lives-too-long'],
  'a life too long': [['item', { unit: 'board', title: 'a' }, { header: { not_after: NOON + 366 * DAY + 1 } }], 'lives-too-long'],
  'a life that is over': [['item', { unit: 'board', title: 'a' }, { acceptedAt: NOON + DAY + 1 }], 'lapsed'],
  'a head beyond the log': [['item', { unit: 'board', title: 'a' }, { header: { seen: [5, HASH] } }], 'seen-beyond-log'],
  'another head': [['item', { unit: 'board', title: 'a' }, { header: { seen: [3, HASH] } }], 'seen-root-differs'],
  'an event that is nowhere': [['endorse', { event: HASH }], 'unknown-event'],
  'a handle that is taken': [['enrol', {}, { by: 'root', signer: 'root2' }], 'handle-taken'],
  'a key that is taken': [['enrol', {}, { by: 'bob', signer: 'root' }], 'key-taken'],
};

test('a good ledger is valid and its roster is recomputed', async () => {
  const forge = small();
  forge.act('appoint', { unit: 'board', role: 'chair', person: 'ann' });
  const verdict = await verifyBundle(forge.bundle(), { ledgerId: forge.id });
  assert.deepEqual([verdict.outcome, verdict.ledger, verdict.size], ['valid', forge.id, 5]);
  assert.deepEqual(verdict.roster.map(({ unit, role, person }) => [unit, role, person]), [
    ['board', 'chair', 'ann'], ['board', 'member', 'ann'],
  ]);
});

for (const [name, [make, code]] of Object.entries(ENTRIES)) {
  test(`an entry: ${name}`, async () => {
    const forge = small();
    forge.append(make());
    assert.deepEqual(await firstFault(forge.bundle()), [4, code]);
  });
}

for (const [name, [act, code]] of Object.entries(ACTS)) {
  test(`an act: ${name}`, async () => {
    const forge = small();
    forge.act(...act);
    assert.deepEqual(await firstFault(forge.bundle()), [4, code]);
  });
}

test('an event enters once, and refers to what its author had seen', async () => {
  const forge = small();
  forge.append(forge.entries[3]);
  assert.deepEqual(await firstFault(forge.bundle()), [4, 'already-there']);
  const other = small();
  other.act('enrol', {}, { by: 'ann', signer: 'eve', header: { seen: [3, other.tree.root(3)] } });
  assert.deepEqual(other.ids[4], other.ids[3]);
  assert.deepEqual(await firstFault(other.bundle()), [4, 'signed-by-another']);
  const blind = small();
  blind.act('endorse', { event: blind.ids[3] }, { header: { seen: [3, blind.tree.root(3)] } });
  assert.deepEqual(await firstFault(blind.bundle()), [4, 'reference-unseen']);
});

test('the whole: title, note, frames, size, root, origin and signature', async () => {
  const forge = small();
  const bytes = forge.bundle();
  const other = small();
  const note = (text) => forge.bundle(signNote(text));
  assert.deepEqual(await firstFault(new Uint8Array()), [null, 'not-a-bundle']);
  assert.deepEqual(await firstFault(bytes.subarray(1)), [null, 'not-a-bundle']);
  assert.deepEqual(await firstFault(bytes.subarray(0, bytes.length - 1)), [null, 'not-a-bundle']);
  assert.deepEqual(await firstFault(utf8('rollcall bundle v1\n')), [null, 'not-a-bundle']);
  assert.deepEqual(await firstFault(bytes, { ledgerId: '00'.repeat(32) }), [0, 'wrong-ledger']);
  assert.deepEqual(await firstFault(note(forge.text({ size: 5 }))), [4, 'entry-missing']);
  assert.deepEqual(await firstFault(note(forge.text({ size: 3 }))), [3, 'entry-beyond-head']);
  assert.deepEqual(await firstFault(note(forge.text({ root: HASH }))), [null, 'head-altered']);
  assert.deepEqual(await firstFault(note(forge.text({ origin: 'elsewhere' }))), [null, 'head-unsigned']);
  assert.deepEqual(await firstFault(forge.bundle(signNote(forge.text(), { seed: HASH }))), [null, 'head-unsigned']);
  assert.deepEqual(await firstFault(forge.bundle(`${forge.text()}\n`)), null);
  assert.deepEqual(await firstFault(forge.bundle(`${forge.text({ origin: 'elsewhere' })}\n`)), [null, 'head-unsigned']);
  assert.deepEqual(await firstFault(note(`${forge.text()}more\n`)), [null, 'head-unsigned']);
  other.append(encode({}));
  assert.deepEqual(await firstFault(other.bundle(signNote(forge.text()))), [4, 'not-an-entry']);
});

test('after the first broken rule, bytes and signatures of later entries are judged still', async () => {
  const forge = small();
  forge.act('item', { unit: 'board', title: 'a' }, { by: 'bob' });
  forge.act('item', { unit: 'board', title: 'a' }, { by: 'cat' });
  forge.append(encode([1, NOON, [encode({}), testKey('root'), new Uint8Array(64)]]));
  const { faults } = await verifyBundle(forge.bundle());
  assert.deepEqual(faults.map(({ entry, code }) => [entry, code]), [[4, 'not-enrolled'], [6, 'bad-signature']]);
});

test('any bytes give a verdict', async () => {
  const bytes = small().bundle();
  for (let length = 0; length < bytes.length; length += 97) await firstFault(bytes.subarray(0, length));
  const empty = concat(bytes.subarray(0, 19), utf8(signNote('o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')), utf8('\n'));
  assert.deepEqual(await firstFault(empty), [null, 'head-unsigned']);
  assert.deepEqual(await firstFault(concat(bytes, frame(new Uint8Array(65_535)))), [4, 'not-canonical']);
});
