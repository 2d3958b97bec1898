// Opens the built page in a browser, drops a file on it, and prints the verdict as JSON. Fails where the page asks a network for
// anything, or where anything on it runs into its own policy.
//
//     npm run page && npm run browser -- FILE [LEDGER-ID]

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { chromium } from 'playwright-core';

const PAGE = new URL('../dist/rollcall-verifier.html', import.meta.url).href;
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const [file, ledgerId = ''] = process.argv.slice(2);
assert.ok(file !== undefined, 'usage: browser.js FILE [LEDGER-ID]');

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET });
try {
  console.log(JSON.stringify(await verdictOf(await browser.newPage())));
} finally {
  await browser.close();
}

async function verdictOf(page) {
  const requests = [];
  const complaints = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(PAGE);
  await page.fill('#ledger-id', ledgerId);
  await drop(page);
  await page.waitForSelector('#result:not([hidden])', { timeout: 300_000 });
  assert.deepEqual(requests, [PAGE], 'the page asks nobody for anything');
  assert.deepEqual(complaints, [], 'the page runs without complaint');
  return page.evaluate(read);
}

async function drop(page) {
  const content = readFileSync(file).toString('base64');
  const transfer = await page.evaluateHandle(([name, text]) => {
    const made = new DataTransfer();
    made.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
    return made;
  }, [basename(file), content]);
  await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
}

/** Reads what somebody in front of the page would: verdict, facts, faults and roster. */
function read() {
  const texts = (root, selector) => [...root.querySelectorAll(selector)].map((found) => found.textContent);
  const rows = (heading) => {
    const table = [...document.querySelectorAll('table')].find((found) => texts(found, 'th').includes(heading));
    return table === undefined ? [] : [...table.querySelectorAll('tbody tr')].map((row) => texts(row, 'td'));
  };
  const names = texts(document, 'dt');
  const values = texts(document, 'dd');
  return {
    verdict: document.querySelector('.verdict').textContent,
    facts: Object.fromEntries(names.map((name, i) => [name, values[i]])),
    warnings: texts(document, 'p.warn'),
    faults: rows('Code'),
    roster: rows('Person'),
  };
}
