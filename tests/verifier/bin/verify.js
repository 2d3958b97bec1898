#!/usr/bin/env node
// The command: judges bundles, published folders, receipts and bare proofs. stdout holds the verdicts, stderr the talk.

import { readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { folder } from './folder.js';
import { report } from './report.js';
import { verifyCoseConsistency, verifyCoseInclusion, verifyProof } from '../src/bare.js';
import { ED25519, parseCheckpoint, parseHead, parseVkey } from '../src/note.js';
import { parsePolicy } from '../src/policy.js';
import { looksLikeProof } from '../src/proof.js';
import { verifyReceipt } from '../src/receipt.js';
import { verifyBundle, verifyPublished } from '../src/verify.js';

const VALID = 0;
const USAGE = 2;
const INVALID = 3;
const UNREADABLE = 4;

const HELP = `Verify bundles, published folders, receipts and bare proofs of a Rollcall ledger

Usage: verify.js [OPTIONS] FILE|DIR...
       verify.js --entry-file ENTRY --log-key VKEY PROOF...      a tlog-proof, or a COSE Receipt (RFC 9942) of inclusion
       verify.js --old-head HEAD --log-key VKEY RECEIPT...       a COSE Receipt of consistency

Options:
  --ledger-id ID    The ledger id that you expect; a receipt needs it
  --witness VKEY    A witness whose cosignature is reported; repeat for more
  --policy FILE     Witnesses, and how many of them must have cosigned (C2SP tlog-policy)
  --log-key VKEY    The log's key: for bare proofs, and for receipts that do not show a change of it
  --entry-file FILE The bytes of the entry, for a proof that does not carry it
  --old-head FILE   The head from which the log has grown: a checkpoint, or what "rollcall head" prints
  --at TIME         The instant of the roster (RFC 3339); by default the last acceptance
  --json            One JSON line for each file
  --stdin           Read paths from standard input, one a line, and answer each with one JSON line
  --help            Print this message

Exit code 0: valid. 2: usage. 3: invalid. 4: cannot read.
`;

const OPTIONS = {
  'ledger-id': { type: 'string' },
  witness: { type: 'string', multiple: true, default: [] },
  policy: { type: 'string' },
  'log-key': { type: 'string' },
  'entry-file': { type: 'string' },
  'old-head': { type: 'string' },
  at: { type: 'string' },
  json: { type: 'boolean', default: false },
  stdin: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

function usage(what) {
  process.stderr.write(`error: ${what}\n\n${HELP}`);
  process.exit(USAGE);
}

function readArguments() {
  let parsed;
  try {
    parsed = parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
  const { values, positionals: files } = parsed;
  const ledgerId = values['ledger-id'] ?? null;
  const witnesses = values.witness.map(parseVkey);
  if (values.help) return { isHelp: true };
  const logKey = values['log-key'] === undefined ? null : parseVkey(values['log-key']);
  const policy = values.policy === undefined ? null : parsePolicy(readFile(values.policy).toString());
  const entry = values['entry-file'] === undefined ? null : readFile(values['entry-file']);
  const oldHead = values['old-head'] === undefined ? null : headOf(readFile(values['old-head']).toString());
  if (ledgerId !== null && !/^[0-9a-f]{64}$/.test(ledgerId)) usage('a ledger id is 64 hexadecimal digits');
  const at = values.at === undefined ? null : Date.parse(values.at);
  if (Number.isNaN(at)) usage('not an instant: --at 2026-03-02T01:00:00Z');
  if (witnesses.includes(null)) usage('not a vkey of a witness');
  if (values['log-key'] !== undefined && logKey?.type !== ED25519) usage('not a vkey of a log');
  if (values.policy !== undefined && policy === null) usage(`not a policy: ${values.policy}`);
  if (values['old-head'] !== undefined && oldHead === null) usage(`not a head: ${values['old-head']}`);
  if (entry !== null && oldHead !== null) usage('an entry or an older head, not both');
  if (logKey === null && (entry !== null || oldHead !== null)) usage('a bare proof is verified against --log-key');
  if (values.stdin === files.length > 0) usage(values.stdin ? 'files, or --stdin' : 'no file');
  const isJson = values.json || values.stdin;
  return { files, ledgerId, witnesses, policy, logKey, entry, oldHead, at, isJson, isStdin: values.stdin };
}

/** The head of a checkpoint, or of its text alone. */
function headOf(text) {
  return parseCheckpoint(text).head ?? parseHead(text);
}

function readFile(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    return usage(error.message);
  }
}

/** The verdict on one file or folder and the exit code that it stands for. */
async function judge(file, options) {
  try {
    return judged(await verify(file, options));
  } catch (error) {
    // The system's errors have a number; anything else is a mistake of ours.
    if (error.errno === undefined) throw error;
    return unreadable(error.message);
  }
}

async function verify(file, { ledgerId, logKey, entry, oldHead, ...options }) {
  if (oldHead !== null) return verifyCoseConsistency(readFileSync(file), { oldHead, logKey });
  if (entry !== null) return verifyBare(readFileSync(file), { entry, logKey, policy: options.policy });
  if (statSync(file).isDirectory()) return verifyPublished(folder(file), { ledgerId, ...options });
  const bytes = readFileSync(file);
  if (!looksLikeProof(bytes)) return verifyBundle(bytes, { ledgerId, ...options });
  if (ledgerId === null) usage('a receipt is verified against --ledger-id');
  return verifyReceipt(bytes, { ledgerId, logKey });
}

function verifyBare(bytes, { entry, logKey, policy }) {
  if (looksLikeProof(bytes)) return verifyProof(bytes, { entry, logKey, policy });
  if (policy !== null) usage('a COSE Receipt has no cosignatures that a policy could ask for');
  return verifyCoseInclusion(bytes, { entry, logKey });
}

function unreadable(what) {
  return { verdict: { outcome: 'unreadable', faults: [], what }, exit: UNREADABLE };
}

function judged(verdict) {
  if (verdict === null) return unreadable('no log is published here');
  return { verdict, exit: verdict.outcome === 'valid' ? VALID : INVALID };
}

async function answer(file, options) {
  const { verdict, exit } = await judge(file, options);
  process.stdout.write(options.isJson ? `${JSON.stringify({ file, ...verdict })}\n` : report(file, verdict));
  return exit;
}

async function main() {
  const options = readArguments();
  if (options.isHelp) return void process.stdout.write(HELP);
  const files = options.isStdin ? createInterface({ input: process.stdin }) : options.files;
  for await (const file of files) process.exitCode = Math.max(process.exitCode ?? 0, await answer(file, options));
}

await main();
