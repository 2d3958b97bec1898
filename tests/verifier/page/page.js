// The page: takes a file or a folder, has it judged, and shows the verdict. It connects to nothing.

import { utf8Text } from '../src/bytes.js';
import { parsePolicy } from '../src/policy.js';
import { looksLikeProof } from '../src/proof.js';
import { verifyReceipt } from '../src/receipt.js';
import { verifyBundle, verifyPublished } from '../src/verify.js';
import { bytesOf, chosenFiles, droppedFiles, whole } from './chosen.js';
import { element } from './element.js';
import { describe } from './verdict.js';

const IDS = ['form', 'ledger-id', 'policy', 'drop', 'file', 'folder', 'working', 'progress', 'result'];
const [form, idField, policyField, drop, fileField, folderField, working, progress, result] =
  IDS.map((id) => document.getElementById(id));

const NO_ID = 'A receipt is verified against a ledger id: enter the one that you expect.';
const NOT_AN_ID = 'A ledger id is 64 hexadecimal digits.';
const NOT_A_POLICY = 'The witness policy is none.';
const UNREADABLE_FOLDER = 'This browser does not let the page read what is dropped: choose the folder instead.';
const NOT_PUBLISHED = 'No log is published here: there is no file named checkpoint.';

let turn = 0;
/** What is on the table: judged again when what is expected of it changes. */
let current = null;

function expectedId() {
  const text = idField.value.trim().toLowerCase();
  if (text === '') return null;
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

/** The policy that somebody chose: null where nobody did, undefined where it is none. */
async function chosenPolicy() {
  const [file] = policyField.files;
  if (file === undefined) return null;
  const text = utf8Text(await bytesOf(file));
  return (text === null ? null : parsePolicy(text)) ?? undefined;
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

function say(className, text) {
  return [element('p', `verdict ${className}`, text)];
}

async function judge({ file, read }, mine) {
  const ledgerId = expectedId();
  const policy = await chosenPolicy();
  if (ledgerId === undefined) return say('bad', NOT_AN_ID);
  if (policy === undefined) return say('bad', NOT_A_POLICY);
  const options = { ledgerId, policy, onProgress: breathe(mine) };
  if (file === undefined) {
    const verdict = await verifyPublished(read, options);
    return verdict === null ? say('warn', NOT_PUBLISHED) : describe(verdict, ledgerId);
  }
  const bytes = await bytesOf(file);
  if (!looksLikeProof(bytes)) return describe(await verifyBundle(bytes, options), ledgerId);
  return ledgerId === null ? say('warn', NO_ID) : describe(await verifyReceipt(bytes, { ledgerId }), ledgerId);
}

async function show() {
  turn += 1;
  const mine = turn;
  result.hidden = true;
  working.hidden = false;
  progress.value = 0;
  const { name, ...chosen } = current;
  const shown = await judge(chosen, mine).catch((error) => {
    if (error instanceof Superseded) return null;
    return say('warn', `Could not check: ${error.message}`);
  });
  if (shown === null || mine !== turn) return;
  present(element('p', 'help', `${chosen.file === undefined ? 'Folder' : 'File'}: ${name}`), ...shown);
}

function present(...shown) {
  result.replaceChildren(...shown);
  working.hidden = true;
  result.hidden = false;
  result.focus();
}

function take(files) {
  current = whole(files) ?? current;
  again();
}

function again() {
  if (current !== null) show();
}

form.addEventListener('submit', (event) => event.preventDefault());
for (const field of [fileField, folderField]) field.addEventListener('change', () => take(chosenFiles(field)));
for (const field of [idField, policyField]) field.addEventListener('change', again);
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', async (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  const files = await droppedFiles(event.dataTransfer).catch(() => null);
  if (files === null) present(...say('warn', UNREADABLE_FOLDER));
  else take(files);
});
