// Witnessed time: the witnesses that the log names, anchors, and the clock that they hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { cosigners, instantsOf } from '../src/cosigners.js';
import { Verifier } from '../src/ed25519.js';
import { parseNote } from '../src/note.js';
import { parsePolicy } from '../src/policy.js';
import { verifyBundle } from '../src/verify.js';
import { cosign, Forge, NOON, signNote, testKey, witness } from './forge.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const TOLERANCE = 5 * MINUTE;
const HASH = new Uint8Array(32).fill(7);
const [one, two, three] = [2, 3, 4].map((byte) => witness(byte));
const POLICY = `witness a ${one.vkey}\nwitness b ${two.vkey}\ngroup both all a b\nquorum both\n`;
const seconds = (milliseconds) => milliseconds / 1000;

const name = (forge, policy = POLICY) => forge.act('name-witnesses', { policy });
const item = (forge, options) => forge.act('item', { unit: 'board', title: 'x' }, options);

/** A checkpoint that each of `[witness, Unix milliseconds]` has cosigned. */
function cosigned(forge, times, { text = forge.text(), note = signNote(text) } = {}) {
  return note + times.map(([who, at]) => cosign(who, text, seconds(at))).join('');
}

const both = (forge, at = forge.now, options = {}) => cosigned(forge, [[one, at], [two, at]], options);
const anchor = (forge, checkpoint = both(forge), options = {}) => forge.act('anchor', { checkpoint }, options);

/** Faults of a ledger after `play`, under a head that nobody but the log's key, or `note(forge)`, has signed. */
async function faultsAfter(play, { note, authority } = {}) {
  const forge = Forge.founded(authority);
  play(forge);
  const { faults } = await verifyBundle(forge.bundle(note?.(forge)));
  return faults.map(({ entry, code }) => [entry, code]);
}

test('cosignatures give a policy two instants', async () => {
  const text = Forge.founded().text();
  const instants = async (policy, times) => {
    const note = parseNote(`${text}\n${times.map(([who, at]) => cosign(who, text, at)).join('')}`);
    const parsed = parsePolicy(policy);
    return instantsOf(parsed, await cosigners(note, parsed.witnesses, new Verifier()));
  };
  const names = [one, two, three].map(({ vkey }, i) => `witness ${'abc'[i]} ${vkey}\n`).join('');
  const times = [[one, 30], [two, 10], [three, 20]];
  const quorum = (line) => instants(`${names}${line}\n`, times);
  assert.deepEqual(await quorum('group g any a b c\nquorum g'), { by: 10_000n, since: 30_000n });
  assert.deepEqual(await quorum('group g 2 a b c\nquorum g'), { by: 20_000n, since: 20_000n });
  assert.deepEqual(await quorum('group g all a b c\nquorum g'), { by: 30_000n, since: 10_000n });
  assert.deepEqual(await quorum('quorum c'), { by: 20_000n, since: 20_000n });
  assert.equal(await instants(`${names}quorum a\n`, [[two, 10]]), null);
});

const headAt = (forge, size) => ({ text: forge.text({ size, root: forge.tree.root(size) }) });
const unsigned = (forge) => `${forge.text()}\n`;
const twice = (forge) => cosigned(forge, [[one, forge.now], [one, forge.now], [two, forge.now]]);

/** An anchor as the entry after the naming of witnesses, and what it is refused for. */
const ANCHORS = {
  'one that fits': [(forge) => anchor(forge), null],
  'by anybody enrolled': [(forge) => {
    forge.act('enrol', {}, { by: 'ann' });
    anchor(forge, both(forge), { by: 'ann' });
  }, null],
  'by nobody': [(forge) => anchor(forge, both(forge), { by: 'ann' }), 'not-enrolled'],
  'of an earlier head': [(forge) => anchor(forge, both(forge, NOON, headAt(forge, 2))), null],
  'with a line of somebody unknown': [(forge) => anchor(forge, both(forge) + cosign(three, 'x')), null],
  'no text of a checkpoint': [(forge) => anchor(forge, 'x'), 'anchor-unfit'],
  'a checkpoint with more lines': [(forge) => anchor(forge, both(forge, NOON, { text: `${forge.text()}more\n` })), 'anchor-unfit'],
  'of another origin': [(forge) => anchor(forge, both(forge, NOON, { text: forge.text({ origin: 'x' }) })), 'anchor-unfit'],
  'of nothing': [(forge) => anchor(forge, both(forge, NOON, headAt(forge, 0))), 'anchor-unfit'],
  'of a head to come': [(forge) => anchor(forge, both(forge, NOON, { text: forge.text({ size: 5 }) })), 'anchor-unfit'],
  'of another root': [(forge) => anchor(forge, both(forge, NOON, { text: forge.text({ root: HASH }) })), 'anchor-unfit'],
  'without the log\'s line': [(forge) => anchor(forge, both(forge, NOON, { note: unsigned(forge) })), 'anchor-unfit'],
  'with the line of another key': [(forge) => {
    anchor(forge, both(forge, NOON, { note: signNote(forge.text(), { seed: HASH }) }));
  }, 'anchor-unfit'],
  'with a line that fails': [(forge) => anchor(forge, cosigned(forge, [[one, NOON]]) + cosign(two, 'x')), 'anchor-unfit'],
  'with a line that stands twice': [(forge) => anchor(forge, twice(forge)), 'anchor-unfit'],
  'with a line that fails, without a quorum': [(forge) => anchor(forge, cosigned(forge, []) + cosign(two, 'x')), 'anchor-unfit'],
  'without a quorum': [(forge) => anchor(forge, cosigned(forge, [[one, NOON]])), 'anchor-unwitnessed'],
  'as early as the tolerance': [(forge) => anchor(forge, both(forge, NOON - TOLERANCE)), null],
  'earlier': [(forge) => anchor(forge, both(forge, NOON - TOLERANCE - 1000)), 'anchor-contradicts'],
  'early for one of two': [(forge) => anchor(forge, cosigned(forge, [[one, NOON - DAY], [two, NOON]])), null],
  'as late as the tolerance': [(forge) => anchor(forge, both(forge, NOON + TOLERANCE)), null],
  'later': [(forge) => anchor(forge, both(forge, NOON + TOLERANCE + 1000)), 'anchor-ahead'],
  'late for one of two': [(forge) => anchor(forge, cosigned(forge, [[one, NOON], [two, NOON + DAY]])), null],
  'from before 1970': [(forge) => anchor(forge, cosigned(forge, [[one, 0], [two, NOON]])), 'anchor-unfit'],
  'having seen another log': [(forge) => anchor(forge, 'x', { header: { seen: [3, HASH] } }), 'seen-root-differs'],
  'missing what is there': [(forge) => anchor(forge, 'x', { header: { missing: [forge.ids[0]] } }), 'not-missing'],
};

for (const [title, [play, code]] of Object.entries(ANCHORS)) {
  test(`an anchor ${title}`, async () => {
    const faults = await faultsAfter((forge) => {
      name(forge);
      play(forge);
    });
    assert.deepEqual(faults.map(([, found]) => found), code === null ? [] : [code]);
  });
}

test('an anchor is signed by the key that is in force at its size', async () => {
  const next = new Uint8Array(32).fill(9);
  const play = (seed, size) => (forge) => {
    forge.act('rotate-log-key', { log_key: ed25519.getPublicKey(next) });
    name(forge);
    const { text } = headAt(forge, size);
    anchor(forge, both(forge, NOON, { text, note: signNote(text, { seed }) }));
  };
  const note = (forge) => signNote(forge.text(), { seed: next });
  const first = new Uint8Array(32).fill(1);
  assert.deepEqual(await faultsAfter(play(first, 3), { note }), []);
  assert.deepEqual(await faultsAfter(play(next, 4), { note }), []);
  assert.deepEqual(await faultsAfter(play(next, 3), { note }), [[5, 'anchor-unfit']]);
  assert.deepEqual(await faultsAfter(play(first, 4), { note }), [[5, 'anchor-unfit']]);
});

test('only where the log names witnesses there are anchors', async () => {
  assert.deepEqual(await faultsAfter((forge) => anchor(forge)), [[3, 'no-witnesses']]);
  assert.deepEqual(await faultsAfter((forge) => {
    name(forge);
    name(forge, `${POLICY.replace('quorum both', 'quorum none')}`);
    anchor(forge);
  }), [[5, 'no-witnesses']]);
});

test('witnesses are named by a policy', async () => {
  for (const policy of ['', 'quorum a\n', 'quorum none # x\n']) {
    assert.deepEqual(await faultsAfter((forge) => name(forge, policy)), [[3, 'policy-invalid']], policy);
  }
  assert.deepEqual(await faultsAfter((forge) => name(forge, 'quorum none\n')), []);
});

test('witnesses are named once the authority\'s threshold has signed', async () => {
  const people = ['root', 'osei'];
  for (const isEndorsed of [false, true]) {
    const faults = await faultsAfter((forge) => {
      const event = forge.act('replace-authority', { authority: people, threshold: 2 });
      forge.act('endorse', { event }, { by: 'osei' });
      const naming = name(forge);
      if (isEndorsed) forge.act('endorse', { event: naming }, { by: 'osei' });
      anchor(forge);
    }, { authority: { authority: people, keys: people.map(testKey) } });
    assert.deepEqual(faults, isEndorsed ? [] : [[6, 'no-witnesses']]);
  }
});

/** What comes after the naming of witnesses and `later` milliseconds. */
const JUMPS = {
  'a day': [DAY, (forge) => item(forge), null],
  'more than a day': [DAY + 1, (forge) => item(forge), 'clock-jumped'],
  'more than a day, before another head': [DAY + 1, (forge) => item(forge, { header: { seen: [3, HASH] } }), 'clock-jumped'],
  'more than a day, after a lapse': [DAY + 1, (forge) => item(forge, { header: { at: NOON, not_after: NOON } }), 'lapsed'],
  'an anchor of now': [30 * DAY, (forge) => {
    anchor(forge);
    item(forge);
  }, null],
  'an anchor of a day ago': [30 * DAY, (forge) => anchor(forge, both(forge, NOON + 29 * DAY)), null],
  'an older anchor': [30 * DAY, (forge) => anchor(forge, both(forge, NOON + 29 * DAY - 1000)), 'clock-jumped'],
  'an older anchor of no checkpoint': [30 * DAY, (forge) => anchor(forge, 'x'), 'anchor-unfit'],
  'an old anchor by one of two': [30 * DAY, (forge) => {
    anchor(forge, cosigned(forge, [[one, NOON], [two, forge.now]]));
  }, 'clock-jumped'],
  'other witnesses': [30 * DAY, (forge) => name(forge), null],
  'no witnesses': [30 * DAY, (forge) => {
    name(forge, 'quorum none\n');
    forge.now += 30 * DAY;
    item(forge);
  }, null],
  'an endorsement of other witnesses': [30 * DAY, (forge) => forge.act('endorse', { event: forge.ids[3] }), null],
  'an endorsement of something else': [30 * DAY, (forge) => forge.act('endorse', { event: forge.ids[2] }), 'clock-jumped'],
  'an endorsement of nothing': [30 * DAY, (forge) => forge.act('endorse', { event: HASH }), 'clock-jumped'],
};

for (const [title, [later, play, code]] of Object.entries(JUMPS)) {
  test(`the clock runs on: ${title}`, async () => {
    const faults = await faultsAfter((forge) => {
      name(forge);
      forge.now += later;
      play(forge);
    });
    assert.deepEqual(faults, code === null ? [] : [[4, code]]);
  });
}

test('without witnesses the clock runs on as it likes', async () => {
  assert.deepEqual(await faultsAfter((forge) => {
    forge.now += 300 * DAY;
    item(forge);
  }), []);
});

const CONTRADICTED = [[null, 'time-contradicted']];
const EARLY = NOON - TOLERANCE - 1000;

test('a checkpoint that witnesses saw before its last entry contradicts it', async () => {
  const after = (note, play = name) => faultsAfter(play, { note });
  assert.deepEqual(await after((forge) => both(forge)), []);
  assert.deepEqual(await after((forge) => both(forge, EARLY + 1000)), []);
  assert.deepEqual(await after((forge) => both(forge, EARLY)), CONTRADICTED);
  const half = (forge) => cosigned(forge, [[one, EARLY]]);
  assert.deepEqual(await after(half), [], 'no quorum');
  assert.deepEqual(await after((forge) => half(forge) + cosign(two, 'x', seconds(EARLY))), [], 'a line that fails');
  assert.deepEqual(await after((forge) => both(forge, EARLY), () => {}), [], 'no witnesses');
  assert.deepEqual(await after((forge) => both(forge, EARLY), (forge) => {
    name(forge);
    name(forge, `witness c ${three.vkey}\nquorum c\n`);
  }), [], 'the policy at the end');
  assert.deepEqual(await after((forge) => both(forge, EARLY), (forge) => {
    name(forge);
    item(forge, { by: 'nobody' });
  }), [[4, 'not-enrolled']], 'a fault');
  assert.deepEqual(await after((forge) => both(forge, EARLY, { note: signNote(forge.text(), { seed: HASH }) })),
    [[null, 'head-unsigned']], 'a head that is not in order');
});

test('a policy is asked after the log\'s own witnesses', async () => {
  const forge = Forge.founded();
  name(forge);
  const policy = parsePolicy(`witness c ${three.vkey}\nquorum c\n`);
  const { faults } = await verifyBundle(forge.bundle(both(forge, EARLY)), { policy });
  assert.deepEqual(faults.map(({ code }) => code), ['time-contradicted', 'quorum-missing']);
});
