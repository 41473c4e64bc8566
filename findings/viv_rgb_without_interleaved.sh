#!/usr/bin/env bash
# Viv (Avivator, Vitessce) shows an RGB OME-TIFF in red alone if its XML doesn't say Interleaved="true",
# whatever the TIFF's own tags and SamplesPerPixel of the Channel say.
#
# OME's schema (2016-06) makes Interleaved optional. Without it Viv takes the file for three planes, one
# a directory: channel 0 is the first sample of every pixel, and channels 1 and 2 are looked for in
# directories 1 and 2, where there are none. loadOmeTiff() succeeds and says nothing. geotiff.js, with
# which Viv reads, gives all three samples of the same file.
#
# Seen on 2026-11-30 with @vivjs/loaders 0.21.0, geotiff 3.0.5 and @xmldom/xmldom 0.9.12 on Node 20, on
# a picture of 64 x 64 px of (200, 100, 50), PlanarConfiguration 1, SamplesPerPixel 3:
#
#   Interleaved="true":  Viv 200 100 50
#   without:             Viv 200, channel 1: "No image at index 1"; geotiff.js 200 100 50
#
# Exits with 0 if that is so still, else with 1. Needs Node 20 and npm; downloads 30 MB.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module", "private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact \
  @vivjs/loaders@0.21.0 geotiff@3.0.5 @xmldom/xmldom@0.9.12

cat > see.mjs <<'JAVASCRIPT'
import { writeFileSync } from "node:fs";
import { DOMParser } from "@xmldom/xmldom";
import { fromArrayBuffer } from "geotiff";
globalThis.DOMParser = DOMParser;
const { loadOmeTiff } = await import("@vivjs/loaders");

const kSide = 64;
const kColour = [200, 100, 50];

// One directory of one tile without compression, after TIFF 6.0.
function tiff(description) {
  const text = Buffer.from(description + "\0", "utf8");
  const pixels = Buffer.alloc(kSide * kSide * 3, Buffer.from(kColour));
  const SHORT = 3, LONG = 4, ASCII = 2;
  const textAt = 8, bitsAt = textAt + text.length + (text.length % 2), pixelsAt = bitsAt + 6;
  const entries = [
    [256, LONG, 1, kSide], [257, LONG, 1, kSide], [258, SHORT, 3, bitsAt], [259, SHORT, 1, 1],
    [262, SHORT, 1, 2], [270, ASCII, text.length, textAt], [277, SHORT, 1, 3], [284, SHORT, 1, 1],
    [322, LONG, 1, kSide], [323, LONG, 1, kSide], [324, LONG, 1, pixelsAt],
    [325, LONG, 1, pixels.length],
  ];
  const at = pixelsAt + pixels.length;
  const out = Buffer.alloc(at + 2 + 12 * entries.length + 4);
  out.write("II*\0", 0, "latin1");
  out.writeUInt32LE(at, 4);
  text.copy(out, textAt);
  for (let i = 0; i < 3; ++i) out.writeUInt16LE(8, bitsAt + 2 * i);
  pixels.copy(out, pixelsAt);
  out.writeUInt16LE(entries.length, at);
  entries.forEach(([tag, kind, count, value], i) => {
    const entry = at + 2 + 12 * i;
    out.writeUInt16LE(tag, entry);
    out.writeUInt16LE(kind, entry + 2);
    out.writeUInt32LE(count, entry + 4);
    if (kind === SHORT && count === 1) out.writeUInt16LE(value, entry + 8);
    else out.writeUInt32LE(value, entry + 8);
  });
  return out;
}

const xml = (interleaved) =>
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="a">' +
  `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="${kSide}" SizeY="${kSide}" ` +
  `SizeC="3" SizeZ="1" SizeT="1"${interleaved}><Channel ID="Channel:0:0" SamplesPerPixel="3"/>` +
  '<TiffData IFD="0" PlaneCount="1"/></Pixels></Image></OME>';

async function viv(path, c) {
  const [image] = await loadOmeTiff(new URL(`file://${path}`), { images: "all", pool: false });
  const { data, width, height } = await image.data[0].getTile({ x: 0, y: 0, selection: { c, t: 0, z: 0 } });
  return Array.from(data).slice(0, data.length / (width * height)).join(" ");
}

for (const [name, attribute] of [["with", ' Interleaved="true"'], ["without", ""]]) {
  const path = `${process.cwd()}/${name}.ome.tif`;
  const bytes = tiff(xml(attribute));
  writeFileSync(path, bytes);
  console.log(`${name}: Viv ${await viv(path, 0)}`);
  if (name === "with") continue;
  console.log(`${name}: Viv's channel 1 ${await viv(path, 1).catch((error) => error.message)}`);
  const image = await (await fromArrayBuffer(new Uint8Array(bytes).buffer)).getImage(0);
  const raster = await image.readRasters({ window: [0, 0, 1, 1], interleave: true });
  console.log(`${name}: geotiff.js ${Array.from(raster).join(" ")}`);
}
JAVASCRIPT

node see.mjs | tee seen
diff seen - <<'EXPECTED' || { echo "it has changed" >&2; exit 1; }
with: Viv 200 100 50
without: Viv 200
without: Viv's channel 1 No image at index 1
without: geotiff.js 200 100 50
EXPECTED
