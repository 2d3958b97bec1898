// Receipts: good ones, and every part of one changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, utf8 } from '../src/bytes.js';
import { looksLikeProof } from '../src/proof.js';
import { verifyReceipt } from '../src/receipt.js';
import { Forge, receipt, signNote } from './forge.js';

const forge = Forge.founded();
forge.act('enrol', {}, { by: 'ann' });
forge.act('item', { unit: 'board', title: 'a' }, { by: 'ann' });
const elsewhere = Forge.founded({ nonce: new Uint8Array(32).fill(1) });

const codeOf = async (bytes, ledgerId = forge.id) => (await verifyReceipt(bytes, { ledgerId })).faults[0]?.code ?? null;

test('a receipt of every entry verifies from the ledger id alone', async () => {
  for (let index = 0; index < forge.entries.length; index += 1) {
    const bytes = receipt(forge, index);
    assert.ok(looksLikeProof(bytes));
    assert.equal(await codeOf(bytes), null, `entry ${index}`);
  }
});

test('a receipt with any other part is refused', async () => {
  const cases = {
    'wrong-ledger': [receipt(elsewhere, 1), receipt(forge, 4, { founding: forge.entries[1] })],
    'foreign-ledger': [receipt(forge, 2, { entry: elsewhere.entries[2] })],
    'not-included': [receipt(forge, 3, { entry: forge.entries[2] }), receipt(forge, 3, { path: [] })],
    'head-unsigned': [receipt(forge, 3, { note: signNote(forge.text(), { seed: fromHex('07'.repeat(32)) }) }),
      receipt(forge, 3, { note: signNote(forge.text({ origin: 'x' }), { name: 'x' }) }),
      receipt(forge, 3, { note: `${forge.text()}\n` })],
    'not-a-receipt': [receipt(forge, 3, { label: 'receipt' }), receipt(forge, 3).subarray(1), utf8('c2sp.org/tlog-proof@v1\n'),
      new Uint8Array(300_000)],
  };
  for (const [code, receipts] of Object.entries(cases)) {
    for (const bytes of receipts) assert.equal(await codeOf(bytes), code);
  }
});

test('a changed bit is found; one in the founding\'s acceptance time, which nothing covers, changes nothing', async () => {
  const bytes = receipt(forge, 3);
  const good = await verifyReceipt(bytes, { ledgerId: forge.id });
  let uncovered = 0;
  for (let i = 0; i < bytes.length; i += 7) {
    const changed = Uint8Array.from(bytes);
    changed[i] ^= 1;
    const verdict = await verifyReceipt(changed, { ledgerId: forge.id });
    if (verdict.outcome === 'invalid') continue;
    uncovered += 1;
    assert.deepEqual(verdict, good, `byte ${i}`);
  }
  assert.ok(uncovered <= 12, `${uncovered} bytes are not covered`);
});
