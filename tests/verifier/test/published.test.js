// Published files and witness policies: each file missing, altered or replaced by its full one, and each way to miss a quorum.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { concat, utf8 } from '../src/bytes.js';
import { leafHash } from '../src/merkle.js';
import { parsePolicy } from '../src/policy.js';
import { verifyBundle, verifyPublished } from '../src/verify.js';
import { cosign, Forge, frame, signNote, witness } from './forge.js';

const ENTRIES = 300;
const TAIL = ENTRIES - 256;
const forge = Forge.founded();
let files;

/** The files of the format, written down from its text. */
function publish() {
  const leaves = forge.entries.map(leafHash);
  const framed = forge.entries.map(frame);
  return {
    checkpoint: utf8(signNote(forge.text())),
    'tile/0/000': concat(...leaves.slice(0, 256)), [`tile/0/001.p/${TAIL}`]: concat(...leaves.slice(256)),
    'tile/1/000.p/1': forge.tree.root(256),
    'tile/entries/000': concat(...framed.slice(0, 256)), [`tile/entries/001.p/${TAIL}`]: concat(...framed.slice(256)),
  };
}

before(() => {
  while (forge.entries.length < ENTRIES) forge.act('item', { unit: 'board', title: `item ${forge.entries.length}` });
  files = publish();
});

const altered = (bytes) => Uint8Array.from(bytes, (byte, i) => (i === 40 ? byte ^ 1 : byte));
const PARTIAL = `tile/0/001.p/${TAIL}`;
const PARTIAL_ENTRIES = `tile/entries/001.p/${TAIL}`;

const CASES = {
  'the whole': [() => ({}), []],
  'a tile missing': [() => ({ 'tile/0/000': undefined }), [[null, 'tile-missing']]],
  'an upper tile missing': [() => ({ 'tile/1/000.p/1': undefined }), [[null, 'tile-missing']]],
  'a tile altered': [() => ({ [PARTIAL]: altered(files[PARTIAL]) }), [[null, 'tile-altered']]],
  'a tile cut off': [() => ({ 'tile/0/000': files['tile/0/000'].subarray(32) }), [[null, 'tile-altered']]],
  'a full tile for a partial one': [
    () => ({ [PARTIAL]: undefined, 'tile/0/001': concat(files[PARTIAL], new Uint8Array(8192 - TAIL * 32)) }), [],
  ],
  'a full tile that is too short': [() => ({ [PARTIAL]: undefined, 'tile/0/001': files[PARTIAL] }), [[null, 'tile-altered']]],
  'a full bundle of entries for a partial one': [
    () => ({ [PARTIAL_ENTRIES]: undefined, 'tile/entries/001': concat(files[PARTIAL_ENTRIES], frame(utf8('later'))) }), [],
  ],
  'entries missing': [() => ({ 'tile/entries/000': undefined }), [[0, 'entry-missing']], 'head-unsigned'],
  'later entries missing': [() => ({ [PARTIAL_ENTRIES]: undefined }), [[256, 'entry-missing']]],
  'a checkpoint that is none': [() => ({ checkpoint: utf8('x') }), [[null, 'head-unsigned']]],
  'a checkpoint that nobody signed': [() => ({ checkpoint: utf8(`${forge.text()}\n`) }), [[null, 'head-unsigned']]],
};

for (const [name, [change, expected, first]] of Object.entries(CASES)) {
  test(`published: ${name}`, async () => {
    const changed = { ...files, ...change() };
    const { faults } = await verifyPublished(async (path) => changed[path] ?? null);
    const whole = first === undefined ? expected : [[null, first], ...expected];
    assert.deepEqual(faults.map(({ entry, code }) => [entry, code]), whole);
  });
}

test('where no checkpoint is, no log is published', async () => assert.equal(await verifyPublished(async () => null), null));

const WITNESSES = [2, 3].map((byte) => witness(byte));

test('a policy counts the witnesses whose cosignatures are good', async () => {
  const [first, second] = WITNESSES;
  const small = Forge.founded();
  const text = small.text();
  const note = signNote(text);
  const [one, two, bad] = [cosign(first, text), cosign(second, text), cosign(second, 'x')];
  const names = `witness a ${first.vkey}\nwitness b ${second.vkey} https://b#ours\n \t# ours\n`;
  for (const [quorum, lines, code] of [
    ['quorum a', one, null], ['quorum b', one, 'quorum-missing'], ['group g any a b\nquorum g', two, null],
    ['group g all a b\nquorum g', one, 'quorum-missing'], ['group g 2 a b\nquorum g', one + two, null],
    ['quorum a', one + bad, 'bad-cosignature'],
    ['quorum a', one + one, 'bad-cosignature'], ['quorum none', '', null],
  ]) {
    const policy = parsePolicy(`${names}${quorum}\n`);
    const { faults } = await verifyBundle(small.bundle(note + lines), { policy });
    assert.equal(faults[0]?.code ?? null, code, `${quorum} ${lines.length}`);
  }
  const namesake = witness(4, first.name);
  const twice = parsePolicy(`witness a ${first.vkey}\nwitness b ${namesake.vkey}\ngroup g all a b\nquorum g\n`);
  const half = await verifyBundle(small.bundle(note + one), { policy: twice });
  assert.equal(half.faults[0].code, 'quorum-missing', 'two witnesses of one name are two');
  const { faults } = await verifyBundle(small.bundle(`${text}\n`), { policy: parsePolicy('quorum none\n') });
  assert.equal(faults[0].code, 'quorum-missing');
});

test('what is no policy is refused', () => {
  const [{ vkey: a }, { vkey: b }] = WITNESSES;
  for (const text of ['', `witness a ${a}\n`, 'quorum a\n', `quorum a\nwitness a ${a}\n`, 'quorum none\nquorum none\n',
    'Quorum none\n',
    `witness a ${a}\nwitness a ${b}\nquorum a\n`, `witness a ${a}\nwitness b ${a}\nquorum a\n`, `witness none ${a}\nquorum none\n`,
    `witness a ${a}\ngroup g 2 a\nquorum g\n`, `witness a ${a}\ngroup g 01 a\nquorum g\n`,
    `witness a ${a}\ngroup g any\nquorum a\n`,
    `witness a ${a}\ngroup g any a\ngroup h any a\nquorum g\n`, `log ${a}\nquorum none\n`, 'quorum\u00a0none\n',
    'quorum none # nobody\n', 'quorum none\r\n', '#\x7f\nquorum none\n']) {
    assert.equal(parsePolicy(text), null, text);
  }
});
