// The libraries, each behind the same two calls: open(path) gives {levels, pixel}, where pixel(x, y)
// gives the samples of level 0 there. `levels` are the sizes that the library's own lists name.
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";

import { openlayers } from "./browser.mjs";

export const readers = {
  "geotiff.js": geotiffjs,
  "OpenLayers": openlayers,
  "Avivator, Vitessce": viv,
  "ITK (itk-wasm)": itk,
  "sharp": sharpReader,
  "utif2": utif2,
  "tiff (image-js)": imagejs,
};

export function versionOf(name) {
  const file = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

const bytesOf = async (path) => {
  const bytes = await readFile(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};

const samplesAt = (data, samples, pixel) => data.subarray(samples * pixel, samples * (pixel + 1));

// Images by their number, as getImage() counts them; labels as they are stored.
async function geotiffjs() {
  const { fromFile } = await import("geotiff");
  const open = async (path) => {
    const tiff = await fromFile(path);
    const images = [];
    for (let i = 0; i < (await tiff.getImageCount()); ++i) images.push(await tiff.getImage(i));
    const read = images[0].getSamplesPerPixel() === 1 ? "readRasters" : "readRGB";
    return {
      levels: images.map((image) => [image.getWidth(), image.getHeight()]),
      pixel: (x, y) => images[0][read]({ window: [x, y, x + 1, y + 1], interleave: true }),
    };
  };
  return { version: versionOf("geotiff"), open };
}

// As Avivator and Vitessce open a file whose name holds ".ome.tif": loadOmeTiff() with all images.
async function viv() {
  const { DOMParser } = await import("@xmldom/xmldom");
  globalThis.DOMParser = DOMParser;
  const { loadOmeTiff } = await import("@vivjs/loaders");
  const open = async (path) => {
    const [image] = await loadOmeTiff(new URL(`file://${path}`), { images: "all", pool: false });
    const levels = image.data.map((level) => {
      const at = (label) => level.shape[level.labels.indexOf(label)];
      return [at("x"), at("y")];
    });
    // The smallest level as well, which a viewer paints first.
    await image.data.at(-1).getRaster({ selection: { c: 0, t: 0, z: 0 } });
    return { levels, pixel: (x, y) => vivPixel(image.data[0], x, y) };
  };
  return { version: versionOf("@vivjs/loaders"), open };
}

// Its loader hands out YCbCr, which @vivjs/layers' bitmap shader turns into RGB with these factors.
async function vivPixel(level, x, y) {
  const size = level.tileSize;
  const tile = await level.getTile({
    x: Math.floor(x / size),
    y: Math.floor(y / size),
    selection: { c: 0, t: 0, z: 0 },
  });
  const samples = tile.data.length / (tile.width * tile.height);
  const colours = samplesAt(tile.data, samples, (y % size) * tile.width + (x % size));
  if (level.meta.photometricInterpretation !== 6) return colours;
  const [luma, blue, red] = colours;
  return [
    luma + 1.402 * (red - 128),
    luma - 0.34414 * (blue - 128) - 0.71414 * (red - 128),
    luma + 1.772 * (blue - 128),
  ];
}

async function itk() {
  const { readImageNode } = await import("@itk-wasm/image-io");
  const open = async (path) => {
    const image = await readImageNode(path);
    const [width, height] = image.size;
    const { components } = image.imageType;
    return {
      levels: [[width, height, ...image.size.slice(2)]],
      pixel: (x, y) => samplesAt(image.data, components, y * width + x),
    };
  };
  return { version: versionOf("@itk-wasm/image-io"), open };
}

// Its SubIFDs, or all of its pages.
async function sharpReader() {
  const { default: sharp } = await import("sharp");
  const sizeOf = async (path, options) => {
    const { width, height } = await sharp(path, options).metadata();
    return [width, height];
  };
  const open = async (path) => {
    const facts = await sharp(path).metadata();
    const levels = [[facts.width, facts.height]];
    for (let i = 0; i < (facts.subifds ?? 0); ++i) levels.push(await sizeOf(path, { subifd: i }));
    for (let i = 1; !facts.subifds && i < (facts.pages ?? 1); ++i) {
      levels.push(await sizeOf(path, { page: i }));
    }
    const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    return {
      levels,
      pixel: (x, y) => samplesAt(data, info.channels, y * info.width + x),
    };
  };
  return { version: versionOf("sharp"), open };
}

async function utif2() {
  const { default: UTIF } = await import("utif2");
  const open = async (path) => {
    const buffer = await bytesOf(path);
    const directories = UTIF.decode(buffer);
    if (directories.length === 0) throw new Error("no images");
    const sizeOf = (directory) => [directory.t256[0], directory.t257[0]];
    const levels = directories.flatMap((d) => [d, ...(d.subIFD ?? [])]).map(sizeOf);
    UTIF.decodeImage(buffer, directories[0], directories);
    const pixels = UTIF.toRGBA8(directories[0]);
    const { width } = directories[0];
    return { levels, pixel: (x, y) => samplesAt(pixels, 4, y * width + x) };
  };
  return { version: versionOf("utif2"), open };
}

async function imagejs() {
  const { decode } = await import("tiff");
  const open = async (path) => {
    const pages = decode(await bytesOf(path));
    const { width, components, data } = pages[0];
    return {
      levels: pages.map((page) => [page.width, page.height]),
      pixel: (x, y) => samplesAt(data, components, y * width + x),
    };
  };
  return { version: versionOf("tiff"), open };
}
