// Known answers for trees, and the proofs of others where they are at hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, fromBase64, fromHex, hex, utf8 } from '../src/bytes.js';
import { EMPTY_ROOT, leafHash, Tree, verifyConsistency, verifyInclusion } from '../src/merkle.js';
import { vectors } from './elsewhere.js';

const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const ENTRY_ROOTS = {
  7: '9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d',
  256: 'f85f4ead34080710b4d1e808301543aaab81aa04deb88599350dc26a4f2f58de',
  70000: 'a62a54be33294ffd5a5c4c637fd754630b71a892e8356e3a666a5c8a7ffd1518',
};

test('a growing tree has the known roots, at its end and at every earlier size', () => {
  const tree = new Tree();
  assert.deepEqual(tree.root(), EMPTY_ROOT);
  for (const input of INPUTS) tree.append(leafHash(fromHex(input)));
  ROOTS.forEach((root, i) => assert.equal(hex(tree.root(i + 1)), root));
});

test('large trees have the known roots', () => {
  const tree = new Tree();
  for (let i = 0; i < 70000; i += 1) tree.append(leafHash(utf8(`entry-${i}`)));
  for (const [size, root] of Object.entries(ENTRY_ROOTS)) assert.equal(hex(tree.root(Number(size))), root);
});

test('entry 5 of 7 is included by its known path, and by no other', () => {
  const path = ['GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=', 'DP2ldv9LKeozw6/a7tG9Y362VLKKBDAvyrX9fbB4Acw=',
    'JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts='].map(fromBase64);
  const proof = { index: 5n, size: 7n, leaf: leafHash(utf8('entry-5')), path, root: fromHex(ENTRY_ROOTS[7]) };
  assert.ok(verifyInclusion(proof));
  for (const change of [{ index: 4n }, { size: 6n }, { index: 7n }, { path: path.slice(1) }, { path: [...path, path[0]] }]) {
    assert.equal(verifyInclusion({ ...proof, ...change }), false);
  }
});

test('the proofs of others get the verdicts of others', (context) => {
  const lines = vectors(context, 'merkle-proofs.jsonl')?.trim().split('\n').map((line) => JSON.parse(line)) ?? [];
  const bytes = (text) => fromBase64(text ?? '') ?? new Uint8Array();
  for (const { kind, desc, wantErr, proof, ...given } of lines) {
    const path = (proof ?? []).map(bytes);
    const judge = { inclusion: judgeInclusion, consistency: judgeConsistency }[kind];
    if (judge === undefined) continue;
    assert.equal(judge(given, path, bytes), !wantErr && hasWholeHashes(given, bytes), `${given.file}: ${desc}`);
  }
});

/** The others take equal sizes with roots of any length; here a hash that has not 32 bytes is refused before anything else. */
function hasWholeHashes(given, bytes) {
  return [given.root, given.root1, given.root2, given.leafHash].every((hash) => hash === undefined || bytes(hash).length === 32);
}

function judgeInclusion(given, path, bytes) {
  return verifyInclusion({
    index: BigInt(given.leafIdx), size: BigInt(given.treeSize), leaf: bytes(given.leafHash), path, root: bytes(given.root),
  });
}

function judgeConsistency(given, path, bytes) {
  return verifyConsistency({
    oldSize: BigInt(given.size1), newSize: BigInt(given.size2), oldRoot: bytes(given.root1), newRoot: bytes(given.root2), path,
  });
}

test('base64 has one text for one value', () => {
  for (const text of ['AA=', 'AB==', 'A===', 'AA==\n', 'A-==', '====']) assert.equal(fromBase64(text), null, text);
  for (const length of [0, 1, 2, 3, 255]) {
    const value = new Uint8Array(length).fill(0xa7);
    assert.deepEqual(fromBase64(base64(value)), value);
  }
});
