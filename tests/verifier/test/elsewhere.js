// Test vectors of others. They stand beside the project and are not copied into it; a test says so when they are missing.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = process.env.ROLLCALL_VECTORS ?? fileURLToPath(new URL('../../../../shared/vectors', import.meta.url));

/** The text of a file of vectors; null, after skipping the test in words, where it is missing. */
export function vectors(context, name) {
  const file = `${FOLDER}/${name}`;
  if (existsSync(file)) return readFileSync(file, 'utf8');
  context.skip(`NOT TESTED: no ${name}; set ROLLCALL_VECTORS to the folder that has it`);
  return null;
}
