// Builds the page into a directory given as the argument: the files as a browser gets them, and
// assets.cc, which holds them gzipped for the server.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs DIRECTORY');
mkdirSync(out, { recursive: true });

async function bundle(entry, extra = {}) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    legalComments: 'none',
    target: ['chrome116', 'firefox124', 'safari17.4'],
    logLevel: 'warning',
    ...extra,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

const script = await bundle('src/main.tsx', {
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
});
const style = await bundle('style/all.css');
const scriptPath = `/app-${hash(script)}.js`;
const stylePath = `/style-${hash(style)}.css`;
const page = readFileSync('index.html', 'utf8')
  .replace('/SCRIPT', scriptPath)
  .replace('/STYLE', stylePath);

const assets = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8', bytes: Buffer.from(page) },
  { path: scriptPath, type: 'text/javascript; charset=utf-8', bytes: script, hashed: true },
  { path: stylePath, type: 'text/css; charset=utf-8', bytes: style, hashed: true },
  { path: '/favicon.svg', type: 'image/svg+xml', bytes: readFileSync('favicon.svg') },
];

const budgetBytes = 40 * 1024; // of the script, gzipped
let source = '#include "ui/web/assets.h"\n\nnamespace logboom::ui {\nnamespace {\n\n';
const rows = [];
for (const [index, asset] of assets.entries()) {
  writeFileSync(join(out, asset.file ?? asset.path), asset.bytes);
  const gzipped = gzipSync(asset.bytes, { level: 9 });
  console.log(`${asset.path}: ${asset.bytes.length} bytes, ${gzipped.length} gzipped`);
  if (asset.bytes === script && gzipped.length > budgetBytes)
    throw new Error(
      `the script is ${gzipped.length} bytes gzipped, over its budget of ${budgetBytes}`,
    );
  source += `constexpr unsigned char kBytes${index}[] = {${[...gzipped].join(',')}};\n`;
  rows.push(
    `    {"${asset.path}", "${asset.type}", "\\"${hash(asset.bytes)}\\"", kBytes${index}, ` +
      `${Boolean(asset.hashed)}},\n`,
  );
}
source += `\nconstexpr Asset kAssets[] = {\n${rows.join('')}};\n\n}  // namespace\n\n`;
source += 'std::span<const Asset> assets() { return kAssets; }\n\n}  // namespace logboom::ui\n';
writeFileSync(join(out, 'assets.cc'), source);
