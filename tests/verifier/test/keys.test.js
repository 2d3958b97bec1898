// Whose key signs: offers, bindings, revocations and objections (docs/decisions/0013).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyBundle } from '../src/verify.js';
import { Forge, testKey } from './forge.js';

/** The code for an item by ann, signed with the test key of `signer`, after `play`; null where it is admitted. */
async function codeAfter(play, signer) {
  const forge = Forge.founded();
  forge.act('enrol', {}, { by: 'ann' });
  play(forge);
  forge.act('item', { unit: 'board', title: 'x' }, { by: 'ann', signer });
  const { faults } = await verifyBundle(forge.bundle());
  assert.ok(faults.every(({ entry }) => entry === forge.entries.length - 1), JSON.stringify(faults));
  return faults[0]?.code ?? null;
}

const offer = (forge, fields = {}) => forge.act('offer-key', fields, { by: 'ann', signer: 'ann2' });
const own = (forge, act, fields) => forge.act(act, fields, { by: 'ann' });

function rotate(forge) {
  const event = offer(forge, { retires: [testKey('ann')] });
  own(forge, 'bind-key', { event });
  return event;
}

/** A key that was revoked before an offer objects to it: to one that nobody has bound, and to one that is bound. */
for (const isBound of [false, true]) {
  test(`a key that ended before an offer was ${isBound ? 'bound' : 'made'} does not object to it`, async () => {
    const forge = Forge.founded();
    forge.act('enrol', {}, { by: 'ann' });
    own(forge, 'bind-key', { event: offer(forge) });
    own(forge, 'revoke-key', { public_key: testKey('ann2'), reason: 'x' });
    const event = forge.act('offer-key', {}, { by: 'ann', signer: 'ann3' });
    if (isBound) own(forge, 'bind-key', { event });
    forge.act('veto-key', { event, reason: 'x' }, { by: 'ann', signer: 'ann2' });
    assert.equal((await verifyBundle(forge.bundle())).faults[0]?.code, 'key-ended');
  });
}

const CASES = [
  ['an offer binds nothing', (forge) => offer(forge), { ann: null, ann2: 'key-not-of-author' }],
  ['a binding adds a key', (forge) => own(forge, 'bind-key', { event: offer(forge) }), { ann: null, ann2: null }],
  ['a rotation ends the key that the offer names', rotate, { ann: 'key-ended', ann2: null }],
  ['an objection takes a binding back', (forge) => own(forge, 'veto-key', { event: rotate(forge), reason: 'x' }),
    { ann: null, ann2: 'key-ended' }],
  ['a revoked key is ended', (forge) => {
    own(forge, 'bind-key', { event: offer(forge) });
    own(forge, 'revoke-key', { public_key: testKey('ann2'), reason: 'x' });
  }, { ann: null, ann2: 'key-ended' }],
  ['what somebody else binds ends every other key', (forge) => forge.act('bind-key', { event: offer(forge) }),
    { ann: 'key-ended', ann2: null }],
  ['so does an offered key that binds itself, for which the authority has signed',
    (forge) => forge.act('bind-key', { event: offer(forge) }, { by: 'ann', signer: 'ann2' }), { ann: 'key-ended', ann2: null }],
  ['an upheld offer is bound', (forge) => forge.act('settle-key', { event: offer(forge), ruling: 'uphold' }),
    { ann: 'key-ended', ann2: null }],
  ['a dismissed one is not', (forge) => forge.act('settle-key', { event: offer(forge), ruling: 'dismiss' }),
    { ann: null, ann2: 'key-not-of-author' }],
];

for (const [name, play, codes] of CASES) {
  test(name, async () => {
    for (const [signer, code] of Object.entries(codes)) assert.equal(await codeAfter(play, signer), code, signer);
  });
}

test('what is there already is there, whatever has become of its key', async () => {
  const forge = Forge.founded();
  forge.act('enrol', {}, { by: 'ann' });
  own(forge, 'item', { unit: 'board', title: 'x' });
  rotate(forge);
  forge.append(forge.entries[4]);
  assert.equal((await verifyBundle(forge.bundle())).faults[0]?.code, 'already-there');
});

test('an act that brings its key is another one under another key', async () => {
  const cases = [['enrol', 'dora', 'key', 'other'], ['offer-key', 'ann', 'ann2', 'ann3']];
  for (const [act, by, first, second] of cases) {
    const forge = Forge.founded();
    forge.act('enrol', {}, { by: 'ann' });
    forge.act('import', { change: 'grant', body: 'board', role: 'member', person: 'dora', time: 1 });
    const seen = [forge.tree.size, forge.tree.root()];
    for (const signer of [first, second]) forge.act(act, {}, { by, signer, header: { seen } });
    assert.deepEqual(forge.ids.at(-1), forge.ids.at(-2));
    assert.equal((await verifyBundle(forge.bundle())).faults[0]?.code, 'signed-by-another', act);
  }
});

test('people whom the authority enrols sign once its threshold stands behind them', async () => {
  const forge = Forge.founded({ authority: ['root', 'osei'], keys: [testKey('root'), testKey('osei')] });
  forge.act('replace-authority', { authority: ['root', 'osei'], threshold: 2 });
  forge.act('endorse', { event: forge.ids.at(-1) }, { by: 'osei' });
  const event = forge.act('enrol-people', { people: ['dora'], keys: [testKey('dora')] });
  forge.act('endorse', { event }, { by: 'osei' });
  forge.act('item', { unit: 'board', title: 'x' }, { by: 'dora' });
  assert.equal((await verifyBundle(forge.bundle())).outcome, 'valid');
});

test('an imported handle is nobody\'s before the authority has endorsed its enrolment', async () => {
  for (const isEndorsed of [false, true]) {
    const forge = Forge.founded();
    forge.act('import', { change: 'grant', body: 'board', role: 'member', person: 'dora', time: 1 });
    const event = forge.act('enrol', {}, { by: 'dora' });
    if (isEndorsed) forge.act('endorse', { event });
    forge.act('item', { unit: 'board', title: 'x' }, { by: 'dora' });
    const { faults } = await verifyBundle(forge.bundle());
    assert.equal(faults[0]?.code, isEndorsed ? undefined : 'not-enrolled');
  }
});

test('a recovery key signs only what concerns keys', async () => {
  const play = (forge) => own(forge, 'bind-key', { event: offer(forge, { purpose: 'recovery' }) });
  assert.equal(await codeAfter(play, 'ann2'), 'recovery-only');
});

test('a ledger on the wall clock refuses published keys', async () => {
  const { faults } = await verifyBundle(Forge.founded({ clock: 'wall' }).bundle());
  assert.deepEqual([faults[0].entry, faults[0].code], [0, 'rehearsal-key']);
});
