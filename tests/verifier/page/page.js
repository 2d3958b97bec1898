// The page: takes a file, has it judged, and shows the verdict. It connects to nothing.

import { looksLikeReceipt, verifyReceipt } from '../src/receipt.js';
import { verifyBundle } from '../src/verify.js';
import { element } from './element.js';
import { describe } from './verdict.js';

const IDS = ['form', 'ledger-id', 'drop', 'file', 'working', 'progress', 'result'];
const [form, idField, drop, fileField, working, progress, result] = IDS.map((id) => document.getElementById(id));

const NO_ID = 'A receipt is verified against a ledger id: enter the one that you expect.';

let turn = 0;

function expectedId() {
  const text = idField.value.trim().toLowerCase();
  if (text === '') return null;
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

/** Shows progress and lets the page breathe; a file chosen meanwhile makes this one moot. */
function breathe(mine) {
  return async (done, total) => {
    progress.max = total;
    progress.value = done;
    await new Promise((resume) => setTimeout(resume));
    if (mine !== turn) throw new Superseded();
  };
}

class Superseded extends Error {}

async function judge(file, mine) {
  const expected = expectedId();
  if (expected === undefined) return [element('p', 'verdict bad', 'A ledger id is 64 hexadecimal digits.')];
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!looksLikeReceipt(bytes)) {
    return describe(await verifyBundle(bytes, { ledgerId: expected, onProgress: breathe(mine) }), expected);
  }
  if (expected === null) return [element('p', 'verdict warn', NO_ID)];
  return describe(await verifyReceipt(bytes, { ledgerId: expected }), expected);
}

async function show(file) {
  turn += 1;
  const mine = turn;
  result.hidden = true;
  working.hidden = false;
  progress.value = 0;
  const shown = await judge(file, mine).catch((error) => {
    if (error instanceof Superseded) return null;
    return [element('p', 'verdict warn', `Could not check: ${error.message}`)];
  });
  if (shown === null || mine !== turn) return;
  result.replaceChildren(element('p', 'help', `File: ${file.name}`), ...shown);
  working.hidden = true;
  result.hidden = false;
  result.focus();
}

function again() {
  const [file] = fileField.files;
  if (file !== undefined) show(file);
}

form.addEventListener('submit', (event) => event.preventDefault());
fileField.addEventListener('change', again);
idField.addEventListener('change', again);
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  const [file] = event.dataTransfer.files;
  if (file === undefined) return;
  fileField.files = event.dataTransfer.files;
  show(file);
});
