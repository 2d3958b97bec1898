// What somebody chose or dropped: files by their paths, and what they are together.

import { CHECKPOINT } from '../src/published.js';

/** The files of an input; those of a folder have paths. */
export function chosenFiles({ files }) {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The files of a drop, those in dropped folders too. It is gone once its event is over, so everything is asked for at once. */
export async function droppedFiles({ items }) {
  const found = await Promise.all([...items].filter(({ kind }) => kind === 'file').map(filesOfDropped));
  return found.flat();
}

/** Of a folder some browsers show no handle, and others let a page that is a file itself into no entry. */
async function filesOfDropped(item) {
  const entry = item.webkitGetAsEntry?.() ?? null;
  const file = item.getAsFile();
  if (entry === null || entry.isFile) return [{ path: file.name, file }];
  const handle = item.getAsFileSystemHandle?.() ?? Promise.reject(new Error('no handles of folders'));
  return handle.then((folder) => filesOfHandle(folder, '')).catch(() => filesOfEntry(entry));
}

async function filesOfHandle(handle, prefix) {
  const path = `${prefix}${handle.name}`;
  if (handle.kind === 'file') return [{ path, file: await handle.getFile() }];
  const found = [];
  for await (const inner of handle.values()) found.push(...(await filesOfHandle(inner, `${path}/`)));
  return found;
}

async function filesOfEntry(entry) {
  if (entry.isFile) return [{ path: entry.fullPath.slice(1), file: await new Promise((...ends) => entry.file(...ends)) }];
  const reader = entry.createReader();
  const found = [];
  // A reader hands out a folder in parts, and an empty one at its end.
  for (;;) {
    const part = await new Promise((...ends) => reader.readEntries(...ends));
    if (part.length === 0) return found;
    for (const inner of part) found.push(...(await filesOfEntry(inner)));
  }
}

/** What the files are: `{ name, file }` of one alone, or `{ name, read }` of published files; null of no file. */
export function whole(files) {
  if (files.length === 0) return null;
  if (files.length === 1 && !files[0].path.includes('/')) return { name: files[0].file.name, file: files[0].file };
  const base = baseOf(files);
  const within = files.filter(({ path }) => path.startsWith(base));
  const byPath = new Map(within.map(({ path, file }) => [path.slice(base.length), file]));
  const read = async (path) => (byPath.has(path) ? bytesOf(byPath.get(path)) : null);
  return { name: base === '' ? `${files.length} files` : base, read };
}

/** The folder of the outermost checkpoint; other files beside that folder belong to somebody else. */
function baseOf(files) {
  const bases = files.map(({ path }) => path).filter((path) => `/${path}`.endsWith(`/${CHECKPOINT}`))
    .map((path) => path.slice(0, path.length - CHECKPOINT.length));
  return bases.sort((left, right) => left.length - right.length)[0] ?? '';
}

export async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}
