// Published files in a folder of this computer.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads the published files of a folder: the bytes of one, or null where there is no such file. */
export function folder(directory) {
  return (path) => {
    try {
      return readFileSync(join(directory, path));
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw error;
    }
  };
}
