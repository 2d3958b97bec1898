// Makes the page one file: script and style stand inside it, and its policy allows these two by their hashes and nothing else.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const here = (name) => new URL(name, import.meta.url);
const hashOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const { outputFiles } = await build({
  entryPoints: [here('page.js').pathname], bundle: true, write: false, minify: true, format: 'iife', target: 'es2023',
  legalComments: 'none',
});
const script = outputFiles[0].text;
const style = readFileSync(here('style.css'), 'utf8');
const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;

const parts = { policy, style, script };
const page = readFileSync(here('index.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
mkdirSync(here('../dist'), { recursive: true });
writeFileSync(here('../dist/rollcall-verifier.html'), page);
