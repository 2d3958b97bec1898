// What an author names as missing, and audits that find too much to read on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex } from '../src/bytes.js';
import { verifyBundle } from '../src/verify.js';
import { Forge, frame } from './forge.js';

const id = (byte) => new Uint8Array(32).fill(byte);
const ids = (count) => Array.from({ length: count }, (_, i) => id(i + 1));

/** The verdict on an item whose header, made by `missing(forge)`, names events as missing. */
function verdictOn(missing) {
  const forge = Forge.founded();
  forge.act('item', { unit: 'board', title: 'a' }, { header: { missing: missing(forge) } });
  return verifyBundle(forge.bundle());
}

const CASES = {
  'one': [() => ids(1), null],
  'sixteen': [() => ids(16), null],
  'seventeen': [() => ids(17), 'not-an-act'],
  'nothing': [() => [], 'not-an-act'],
  'no list': [() => id(1), 'not-an-act'],
  'out of order': [() => [id(2), id(1)], 'not-an-act'],
  'one twice': [() => [id(1), id(1)], 'not-an-act'],
  'too short an id': [() => [id(1).subarray(1)], 'not-an-act'],
  'a text': [() => ['x'], 'not-an-act'],
  'what is there': [({ ids: [, , confirm] }) => [confirm], 'not-missing'],
  'what is there, behind what is not': [({ ids: [found] }) => [id(0), found], 'not-missing'],
};

for (const [name, [missing, code]] of Object.entries(CASES)) {
  test(`missing: ${name}`, async () => {
    const { faults } = await verdictOn(missing);
    assert.deepEqual(faults.map((fault) => [fault.entry, fault.code]), code === null ? [] : [[3, code]]);
  });
}

test('what came after the author had looked was missing; what never came is listed', async () => {
  const forge = Forge.founded();
  const seen = [forge.tree.size, forge.tree.root()];
  const came = forge.act('item', { unit: 'board', title: 'a' });
  forge.act('item', { unit: 'board', title: 'b' }, { header: { seen, missing: [came, id(255)] } });
  const { outcome, neverCame } = await verifyBundle(forge.bundle());
  assert.deepEqual([outcome, neverCame], ['valid', [hex(id(255))]]);
});

test('what is missing is looked for after what is referred to', async () => {
  const forge = Forge.founded();
  forge.act('endorse', { event: id(9) }, { header: { missing: [forge.ids[0]] } });
  assert.equal((await verifyBundle(forge.bundle())).faults[0].code, 'unknown-event');
});

test('after a thousand faults nobody reads on', async () => {
  const last = async (count, options) => {
    const bytes = concat(Forge.founded().bundle(), ...new Array(count).fill(frame(Uint8Array.of(0))));
    const { faults, signers } = await verifyBundle(bytes, options);
    return [faults.length, faults[0].code, faults.at(-1).code, signers.log];
  };
  const other = { ledgerId: hex(id(0)) };
  assert.deepEqual(await last(998), [999, 'not-an-entry', 'entry-beyond-head', 'good']);
  assert.deepEqual(await last(999), [1001, 'not-an-entry', 'too-many-faults', 'good']);
  assert.deepEqual(await last(1200), [1001, 'not-an-entry', 'too-many-faults', 'unread']);
  assert.deepEqual(await last(999, other), [1001, 'wrong-ledger', 'too-many-faults', 'unread']);
});
