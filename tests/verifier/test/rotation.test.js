// The keys of the log, one after another: in bundles, and in receipts that show the changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, utf8 } from '../src/bytes.js';
import { verifyReceipt } from '../src/receipt.js';
import { verifyBundle } from '../src/verify.js';
import { encode, Forge, proof, receipt, signNote, testKey } from './forge.js';

const FIRST = new Uint8Array(32).fill(1);
const SECOND = new Uint8Array(32).fill(9);
const KEY = ed25519.getPublicKey(SECOND);
const PEOPLE = ['root', 'osei'];

/** Faults of a ledger of two persons, both of whom sign acts of the authority, after `play`, under a head that `seed` signs. */
async function faultsAfter(play, seed) {
  const forge = Forge.founded({ authority: PEOPLE, keys: PEOPLE.map(testKey) });
  const event = forge.act('replace-authority', { authority: PEOPLE, threshold: 2 });
  forge.act('endorse', { event }, { by: 'osei' });
  play(forge);
  const { faults } = await verifyBundle(forge.bundle(signNote(forge.text(), { seed })));
  return faults.map(({ entry, code }) => [entry, code]);
}

const propose = (forge, fields = {}, options = {}) => forge.act('rotate-log-key', { log_key: KEY, ...fields }, options);
const endorse = (forge, event) => forge.act('endorse', { event }, { by: 'osei' });
const between = (forge) => forge.act('enrol', {}, { by: 'ann' });
const after = (forge) => ({ after: forge.tree.size });

const CASES = {
  'a proposal changes nothing': [(forge) => propose(forge), FIRST, []],
  'the new key signs nothing before it stands': [(forge) => propose(forge), SECOND, [[null, 'head-unsigned']]],
  'the new key signs once it stands': [(forge) => endorse(forge, propose(forge)), SECOND, []],
  'the old key signs no more': [(forge) => endorse(forge, propose(forge)), FIRST, [[null, 'head-unsigned']]],
  'the key of now is in use': [(forge) => propose(forge, { log_key: ed25519.getPublicKey(FIRST) }), FIRST, [[5, 'log-key-used']]],
  'a security key signs no heads': [
    (forge) => propose(forge, { log_key: concat(KEY, utf8('ssh:')) }), FIRST, [[5, 'log-key-used']],
  ],
  'the key of a person is in use': [(forge) => propose(forge, { log_key: testKey('osei') }), FIRST, [[5, 'log-key-used']]],
  'a key that is taken meanwhile is refused where it would stand': [(forge) => {
    const event = propose(forge, { log_key: testKey('ann') });
    between(forge);
    endorse(forge, event);
  }, FIRST, [[7, 'log-key-used']]],
  'without the old operator, at once': [(forge) => endorse(forge, propose(forge, after(forge))), SECOND, []],
  'without the old operator, after another head': [(forge) => propose(forge, { after: 4 }), FIRST, [[5, 'not-at-once']]],
  'without the old operator, having seen less': [
    (forge) => propose(forge, after(forge), { header: { seen: [4, forge.tree.root(4)] } }), FIRST, [[5, 'not-at-once']],
  ],
  'without the old operator, with an act between': [(forge) => {
    const event = propose(forge, after(forge));
    between(forge);
    endorse(forge, event);
  }, FIRST, [[7, 'not-at-once']]],
};

for (const [name, [play, seed, expected]] of Object.entries(CASES)) {
  test(name, async () => assert.deepEqual(await faultsAfter(play, seed), expected));
}

const forge = Forge.founded();
propose(forge);
between(forge);
const handover = ({ seeds = [SECOND, FIRST], entry = 3 } = {}) => proof(forge.entries[entry], forge, { index: 3, size: 4, seeds });
const codeOf = async (bytes, logKey = null) => (await verifyReceipt(bytes, { ledgerId: forge.id, logKey })).faults[0]?.code ?? null;
const byNewKey = (handovers) => receipt(forge, 1, { seeds: [SECOND], handovers });

test('a receipt follows the log\'s keys from the founding\'s', async () => {
  assert.equal(await codeOf(byNewKey([handover()])), null);
  assert.equal(await codeOf(byNewKey(undefined)), 'head-unsigned');
  assert.equal(await codeOf(byNewKey(undefined), { name: forge.text().split('\n')[0], point: KEY }), null);
  assert.equal(await codeOf(receipt(forge, 1, { seeds: [FIRST], handovers: [handover()] })), 'head-unsigned');
});

test('a change of key needs both signatures, its entry and its place', async () => {
  assert.equal(await codeOf(byNewKey([handover({ seeds: [SECOND] })])), 'head-unsigned');
  assert.equal(await codeOf(byNewKey([handover({ seeds: [FIRST] })])), 'head-unsigned');
  assert.equal(await codeOf(byNewKey([handover({ entry: 4 })])), 'not-a-receipt');
  for (const handovers of [[], ['x'], [encode('x')]]) assert.equal(await codeOf(byNewKey(handovers)), 'not-a-receipt');
});
