// The vectors of the project: ledgers, receipts and published folders, each with the verdict on which every verifier agrees.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyReceipt } from '../src/receipt.js';
import { verifyBundle, verifyPublished } from '../src/verify.js';
import { folder } from '../bin/folder.js';

const FOLDER = fileURLToPath(new URL('../../vectors/', import.meta.url));
const INDEX = `${FOLDER}index.json`;

const JUDGES = {
  bundle: (file, ledgerId) => verifyBundle(readFileSync(file), { ledgerId }),
  published: (file, ledgerId) => verifyPublished(folder(file), { ledgerId }),
  receipt: (file, ledgerId) => verifyReceipt(readFileSync(file), { ledgerId }),
};

if (existsSync(INDEX)) {
  for (const { file, kind, ledger, verdict, code } of JSON.parse(readFileSync(INDEX, 'utf8'))) {
    test(`${kind} ${file}: ${code ?? verdict}`, async () => {
      const { outcome, faults } = await JUDGES[kind](`${FOLDER}${file}`, ledger);
      assert.deepEqual([outcome, faults[0]?.code ?? null], [verdict, code]);
    });
  }
} else {
  test('the vectors of the project', (context) => context.skip(`NOT TESTED: there is no ${INDEX}`));
}
