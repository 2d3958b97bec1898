// Opens the built page in a browser, drops a file or a folder on it, and prints the verdict as JSON. Fails where the page asks a
// network for anything, or where anything on it runs into its own policy.
//
//     npm run page && npm run browser -- FILE|DIR [LEDGER-ID [POLICY]]

import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const PAGE = new URL('../dist/rollcall-verifier.html', import.meta.url).href;
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const [file, ledgerId = '', policy] = process.argv.slice(2);
assert.ok(file !== undefined, 'usage: browser.js FILE|DIR [LEDGER-ID [POLICY]]');

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
  if (policy !== undefined) await page.setInputFiles('#policy', policy);
  await drop(page);
  await page.waitForSelector('#result:not([hidden])', { timeout: 300_000 });
  assert.deepEqual(requests, [PAGE], 'the page asks nobody for anything');
  assert.deepEqual(complaints, [], 'the page runs without complaint');
  return page.evaluate(read);
}

/** Drops the file or folder as a hand would: the browser itself reads it. */
async function drop(page) {
  const { x, y, width, height } = await page.locator('#drop').boundingBox();
  const session = await page.context().newCDPSession(page);
  const place = { x: x + width / 2, y: y + height / 2, data: { items: [], files: [resolve(file)], dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...place });
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
