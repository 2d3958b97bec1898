// What role changes do to a roster, act by act.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyBundle } from '../src/verify.js';
import { Forge, NOON } from './forge.js';

const SEAT = { unit: 'board', role: 'member' };
const CHAIR = { unit: 'board', role: 'chair' };
const HOUR = 3_600_000;

/** The roster after `play` on a ledger with the persons ann, ben and cat, as `role person` of every tenure. */
async function rosterAfter(play) {
  const forge = Forge.founded();
  for (const by of ['ann', 'ben', 'cat']) forge.act('enrol', {}, { by });
  play(forge);
  const { outcome, faults, roster } = await verifyBundle(forge.bundle());
  assert.deepEqual([outcome, faults], ['valid', []]);
  return roster.map(({ role, person, isAsserted }) => `${role} ${person}${isAsserted ? ' asserted' : ''}`);
}

function imported(forge, change, role, person, time = 1) {
  return forge.act('import', { change, body: 'board', role, person, time });
}

const CASES = {
  'a role confers the one that it implies': [
    (forge) => forge.act('appoint', { ...CHAIR, person: 'ann' }), ['chair ann', 'member ann'],
  ],
  'losing the implied role ends the one that implies it': [
    (forge) => {
      forge.act('appoint', { ...CHAIR, person: 'ann' });
      forge.act('resign', SEAT, { by: 'ann' });
    }, [],
  ],
  'a successor ends the former tenure of a single role, and no other': [
    (forge) => {
      forge.act('appoint', { ...CHAIR, person: 'ann' });
      forge.act('appoint', { ...CHAIR, person: 'ben' });
    }, ['chair ben', 'member ann', 'member ben'],
  ],
  'a role lasts no longer than the one that it implies': [
    (forge) => {
      forge.act('appoint', { ...SEAT, person: 'ann', until: NOON + HOUR });
      forge.act('appoint', { ...CHAIR, person: 'ann' });
      forge.now += HOUR;
      forge.act('item', { unit: 'board', title: 'x' });
    }, [],
  ],
  'a resignation takes effect when it says, and not before': [
    (forge) => {
      forge.act('appoint', { ...SEAT, person: 'ann' });
      forge.act('appoint', { ...SEAT, person: 'ben' });
      forge.act('resign', { ...SEAT, effective: NOON + HOUR }, { by: 'ann' });
      forge.act('resign', { ...SEAT, effective: NOON - HOUR }, { by: 'ben' });
    }, ['member ann'],
  ],
  'who resigns keeps the honour, and who comes back loses it': [
    (forge) => {
      for (const person of ['ann', 'ben']) {
        forge.act('appoint', { unit: 'board', role: 'elder', person });
        forge.act('resign', { unit: 'board', role: 'elder' }, { by: person });
      }
      forge.act('appoint', { unit: 'board', role: 'elder', person: 'ben' });
    }, ['elder ben', 'emeritus ann'],
  ],
  'imported tenures are asserted and imply nothing until somebody claims them': [
    (forge) => {
      const claimed = imported(forge, 'grant', 'chair', 'ann');
      imported(forge, 'grant', 'chair', 'dora');
      forge.act('accept', { event: claimed }, { by: 'ann' });
    }, ['chair ann', 'chair dora asserted', 'member ann'],
  ],
  'an imported revocation ends one tenure only': [
    (forge) => {
      imported(forge, 'grant', 'chair', 'dora');
      imported(forge, 'grant', 'member', 'dora');
      imported(forge, 'revoke', 'member', 'dora', 2);
    }, ['chair dora asserted'],
  ],
  'a dissolution ends every tenure': [
    (forge) => {
      forge.act('appoint', { ...CHAIR, person: 'ann' });
      forge.act('dissolve-unit', { unit: 'board' });
    }, [],
  ],
  'a founding resolution names first holders': [
    (forge) => {
      const effect = { kind: 'found-unit', unit: 'team/x', first: ['lead: ann', 'lead: ben'] };
      const basis = forge.act('move', { unit: 'board', title: 'x', effect });
      forge.act('found-unit', { unit: 'team/x', kind: 'team', basis });
    }, ['lead ann', 'lead ben'],
  ],
  'a withdrawn appointment does not come to stand': [
    (forge) => {
      forge.act('replace-authority', { authority: ['root', 'ann', 'ben'], threshold: 2 });
      forge.act('endorse', { event: forge.ids.at(-1) }, { by: 'ann' });
      const event = forge.act('appoint', { ...SEAT, person: 'cat' });
      forge.act('withdraw', { event });
      forge.act('endorse', { event }, { by: 'ann' });
    }, [],
  ],
};

for (const [name, [play, expected]] of Object.entries(CASES)) {
  test(name, async () => assert.deepEqual(await rosterAfter(play), expected));
}
