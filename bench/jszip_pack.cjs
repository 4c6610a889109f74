// Zips a directory as serverless-python-requirements does (lib/zipTree.js: all files
// into a JSZip, then a stream at level 9): `node jszip_pack.cjs JSZIP DIRECTORY ARCHIVE`.
"use strict";

const fs = require("fs");
const path = require("path");

const [jszip, top, archive] = process.argv.slice(2);
const JSZip = require(jszip);
const zip = new JSZip();

function add(directory, prefix) {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const source = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      add(source, `${prefix}${entry.name}/`);
    } else {
      zip.file(`${prefix}${entry.name}`, fs.readFileSync(source));
    }
  }
}

add(top, "");
zip
  .generateNodeStream({
    platform: "UNIX",
    compression: "DEFLATE",
    compressionOptions: { level: 9 },
  })
  .pipe(fs.createWriteStream(archive));
