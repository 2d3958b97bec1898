// Bare proofs: tlog-proofs and COSE Receipts, good ones and every part of one changed, as functions and by the command.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyCoseConsistency, verifyCoseInclusion, verifyProof } from '../src/bare.js';
import { utf8 } from '../src/bytes.js';
import { parseHead, parseVkey } from '../src/note.js';
import { parsePolicy } from '../src/policy.js';
import { coseConsistency, coseInclusion, cosign, encode, Forge, logVkey, proof, signNote, witness } from './forge.js';

const forge = Forge.founded();
for (let i = 0; i < 6; i += 1) forge.act('item', { unit: 'board', title: `item ${i}` });
const [LAST, HASH] = [forge.entries.length - 1, new Uint8Array(32).fill(7)];
const logKey = parseVkey(logVkey());
const headAt = (size, change = {}) => parseHead(forge.text({ size, root: forge.tree.root(size), ...change }));
const codeOf = ({ outcome, faults }) => {
  assert.equal(outcome, faults.length === 0 ? 'valid' : 'invalid');
  return faults[0]?.code ?? null;
};

const bare = (index, options = {}) => utf8(proof(null, forge, { index, ...options }));
const ofProof = async (bytes, entry, options = {}) => codeOf(await verifyProof(bytes, { entry, logKey, ...options }));
const ofInclusion = async (bytes, entry = forge.entries[3]) => codeOf(await verifyCoseInclusion(bytes, { entry, logKey }));
const ofGrowth = async (bytes, oldHead = headAt(5)) => codeOf(await verifyCoseConsistency(bytes, { oldHead, logKey }));

test('a tlog-proof of every entry verifies from the entry and the log\'s key', async () => {
  for (const [index, entry] of forge.entries.entries()) {
    assert.equal(await ofProof(bare(index), entry), null, `entry ${index}`);
    assert.equal(await ofProof(utf8(proof(HASH, forge, { index })), entry), null, 'extra data mean nothing');
  }
  const verdict = await verifyProof(bare(3), { entry: forge.entries[3], logKey });
  assert.deepEqual([verdict.ledger, verdict.index, verdict.size, verdict.origin], [null, '3', String(LAST + 1), logKey.name]);
  const single = new Forge();
  single.append(utf8('only'));
  assert.equal(await ofProof(utf8(proof(null, single, { index: 0 })), utf8('only')), null, 'a path of nothing');
});

test('a tlog-proof with any other part is refused', async () => {
  const [entry, other] = forge.entries.slice(3);
  const cases = [
    [bare(3), other, 'not-included'], [bare(4), entry, 'not-included'], [bare(3, { path: [] }), entry, 'not-included'],
    [bare(3, { path: [HASH.subarray(1)] }), entry, 'not-included'],
    [bare(3, { seeds: [HASH] }), entry, 'head-unsigned'],
    [bare(3, { note: signNote(forge.text({ origin: 'x' }), { name: 'x' }) }), entry, 'head-unsigned'],
    [bare(3, { note: signNote(forge.text({ root: HASH })) }), entry, 'not-included'],
    [bare(3).subarray(1), entry, 'not-a-receipt'], [utf8('c2sp.org/tlog-proof@v1\n'), entry, 'not-a-receipt'],
    [bare('03'), entry, 'not-a-receipt'], [bare(3, { note: 'x' }), entry, 'not-a-receipt'],
    [new Uint8Array(300_000), entry, 'not-a-receipt'],
  ];
  for (const [bytes, carried, code] of cases) assert.equal(await ofProof(bytes, carried), code);
});

test('a policy asks for cosignatures under a tlog-proof', async () => {
  const [one, two] = [witness(2), witness(3)];
  const policy = parsePolicy(`witness a ${one.vkey}\nwitness b ${two.vkey}\nquorum a\n`);
  const text = forge.text();
  const code = (lines) => ofProof(bare(3, { note: signNote(text) + lines }), forge.entries[3], { policy });
  assert.equal(await code(cosign(one, text)), null);
  assert.equal(await code(cosign(two, text)), 'quorum-missing');
  assert.equal(await code(cosign(one, text) + cosign(two, 'x')), 'bad-cosignature');
});

test('a COSE Receipt of every entry verifies, under either name of the algorithm', async () => {
  for (const [index, entry] of forge.entries.entries()) {
    for (const alg of [-19, -8]) {
      assert.equal(await ofInclusion(coseInclusion(forge, index, { alg }), entry), null, `entry ${index}, ${alg}`);
    }
  }
  const verdict = await verifyCoseInclusion(coseInclusion(forge, 3, { size: 7 }), { entry: forge.entries[3], logKey });
  assert.deepEqual([verdict.index, verdict.size], ['3', '7']);
});

const HEADER = [[1, -19], [395, 1]];

/** What is other in a receipt, of inclusion or of consistency. */
const OTHER = {
  'another key': [{ seed: HASH }, 'head-unsigned'],
  'no tag': [{ tag: [] }, 'not-a-receipt'],
  'another tag': [{ tag: [0xd1] }, 'not-a-receipt'],
  'bytes behind it': [{ tail: [0] }, 'not-a-receipt'],
  'a payload': [{ payload: HASH }, 'not-a-receipt'],
  'another algorithm': [{ alg: -7 }, 'not-a-receipt'],
  'no kind of tree': [{ header: [[1, -19]] }, 'not-a-receipt'],
  'another kind of tree': [{ header: [[1, -19], [395, 2]] }, 'not-a-receipt'],
  'a label twice': [{ header: [...HEADER, [1, -19]] }, 'not-a-receipt'],
  'a header that must be understood': [{ header: [...HEADER, [2, [395]]] }, 'not-a-receipt'],
  'a long header': [{ header: [...HEADER, [15, new Map([[1, 'x'.repeat(400)], [2, 'y']])]] }, null],
  'no path': [{ path: [] }, 'not-a-receipt'],
  'a path of something else': [{ path: ['x'] }, null],
  'no proof': [{ proofs: [] }, 'not-a-receipt'],
  'another proof': [{ proofs: [[-3, [HASH]]] }, 'not-a-receipt'],
  'proofs of two kinds': [{ proofs: [[-1, [HASH]], [-2, [HASH]]] }, 'not-a-receipt'],
  'a proof that is none': [{ proofs: [[-1, [HASH]]] }, 'not-a-receipt'],
};

for (const [name, [change, code]] of Object.entries(OTHER)) {
  test(`a COSE Receipt with ${name}`, async () => {
    const isPath = name === 'a path of something else';
    assert.equal(await ofInclusion(coseInclusion(forge, 3, change)), isPath ? 'not-included' : code);
    assert.equal(await ofGrowth(coseConsistency(forge, 5, change)), isPath ? 'not-consistent' : code);
  });
}

test('a COSE Receipt of another entry, index, path or size is refused', async () => {
  assert.equal(await ofInclusion(coseInclusion(forge, 3), forge.entries[4]), 'head-unsigned');
  assert.equal(await ofInclusion(coseInclusion(forge, 4)), 'head-unsigned');
  assert.equal(await ofInclusion(coseInclusion(forge, 3, { path: [HASH] })), 'not-included');
  assert.equal(await ofInclusion(coseConsistency(forge, 5)), 'not-a-receipt');
  const good = coseInclusion(forge, 3);
  for (let i = 0; i < good.length; i += 1) {
    const changed = Uint8Array.from(good);
    changed[i] ^= 1;
    assert.notEqual(await ofInclusion(changed), null, `byte ${i}`);
  }
});

test('a COSE Receipt shows that the log has grown, from every head to every later one', async () => {
  for (let size = 2; size <= LAST + 1; size += 1) {
    for (let oldSize = 1; oldSize < size; oldSize += 1) {
      assert.equal(await ofGrowth(coseConsistency(forge, oldSize, { size }), headAt(oldSize)), null, `${oldSize} to ${size}`);
    }
  }
  assert.equal(await ofGrowth(coseConsistency(forge, 5), headAt(4)), 'not-consistent');
  assert.equal(await ofGrowth(coseConsistency(forge, 5), headAt(5, { root: HASH })), 'not-consistent');
  assert.equal(await ofGrowth(coseConsistency(forge, 4), headAt(4, { root: HASH })), 'head-unsigned', 'the root begins the path');
  assert.equal(await ofGrowth(coseConsistency(forge, 5), headAt(5, { origin: 'x' })), 'head-foreign');
  assert.equal(await ofGrowth(coseConsistency(forge, 9), headAt(9)), 'not-a-receipt', 'equal sizes have no path');
  assert.equal(await ofGrowth(coseInclusion(forge, 3)), 'not-a-receipt');
});

const COMMAND = fileURLToPath(new URL('../bin/verify.js', import.meta.url));

test('the command verifies bare proofs, and tells how', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bare-'));
  try {
    const file = (name, bytes) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const entry = ['--entry-file', file('entry', forge.entries[3]), '--log-key', logVkey(), '--json'];
    const head = file('head', forge.text({ size: 5, root: forge.tree.root(5) }));
    const growth = ['--old-head', head, '--log-key', logVkey(), '--json'];
    const run = (...args) => execFileSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
    for (const args of [[...entry, file('proof', bare(3))], [...entry, file('cose', coseInclusion(forge, 3))],
      [...growth, file('growth', coseConsistency(forge, 5))]]) {
      assert.equal(JSON.parse(run(...args)).outcome, 'valid');
    }
    assert.throws(() => run(...entry, file('other', coseInclusion(forge, 4))), { status: 3 });
    assert.throws(() => run('--entry-file', join(folder, 'entry'), join(folder, 'proof')), { status: 2 });
    const help = run('--help');
    for (const option of ['--entry-file', '--old-head', '--log-key']) assert.match(help, new RegExp(option));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
