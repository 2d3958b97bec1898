// What the page takes files for: one alone, or the published files of a folder, wherever in what was dropped they begin.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, whole } from '../page/chosen.js';

const files = (...paths) => paths.map((path) => ({ path, file: new File([path], path.split('/').at(-1)) }));
const textOf = async ({ read }, path) => {
  const bytes = await read(path);
  return bytes === null ? null : new TextDecoder().decode(bytes);
};

test('one file is itself', async () => {
  const { name, file } = whole(files('a.bundle'));
  assert.deepEqual([name, new TextDecoder().decode(await bytesOf(file))], ['a.bundle', 'a.bundle']);
  assert.equal(whole([]), null);
});

test('the files of a folder are found from its checkpoint on', async () => {
  for (const base of ['', 'public/', 'a/b/']) {
    const folder = whole(files(`${base}old/checkpoint`, `${base}checkpoint`, `${base}tile/0/000`, 'else'));
    assert.equal(await textOf(folder, 'checkpoint'), `${base}checkpoint`);
    assert.equal(await textOf(folder, 'tile/0/000'), `${base}tile/0/000`);
    assert.equal(await textOf(folder, 'tile/0/001'), null);
  }
  assert.equal(await textOf(whole(files('public/checkpoint')), 'checkpoint'), 'public/checkpoint');
  assert.equal(await textOf(whole(files('public/no-checkpoint', 'x')), 'checkpoint'), null);
});
