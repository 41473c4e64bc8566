// OpenLayers in Chromium: a map with a WebGLTile layer over a GeoTIFF source, as its examples have.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { versionOf } from "./readers.mjs";

const kModules = fileURLToPath(new URL("./node_modules/", import.meta.url));
const kPage = `<!doctype html><title>viewer</title><body style="margin: 0">
<div id="map" style="width: 256px; height: 256px"></div>
<script src="/ol/node_modules/geotiff/dist-browser/geotiff.js"></script>
<script src="/ol/dist/ol.js"></script>`;

export async function openlayers(browser) {
  const { chromium } = await import("playwright-core");
  const files = new Map();
  const server = await serve(files);
  const { port } = server.address();
  const args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
  const running = await chromium.launch({ executablePath: browser, args });
  const open = async (path) => {
    files.set("/slide", path);
    const page = await running.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/`);
    const said = await page.evaluate(show, 30000);
    if (said.why) {
      await page.close();
      throw new Error([said.why, ...complaints].join(": "));
    }
    return { levels: said.levels, pixel: (x, y) => page.evaluate(look, [x, y]) };
  };
  return { version: versionOf("ol"), open };
}

// The page, the libraries, and the slide by ranges.
function serve(files) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/") {
      response.setHeader("content-type", "text/html");
      response.end(kPage);
      return;
    }
    const path = files.get(url.pathname) ?? kModules + url.pathname.slice(1);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = Math.min(range?.[2] ? Number(range[2]) : size - 1, size - 1);
    const headers = { "accept-ranges": "bytes", "content-length": end - start + 1 };
    if (range) headers["content-range"] = `bytes ${start}-${end}/${size}`;
    if (path.endsWith(".js")) headers["content-type"] = "text/javascript";
    response.writeHead(range ? 206 : 200, headers);
    createReadStream(path, { start, end }).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

// In the page: opens the slide; what the source lists, or why it is not ready after `limit` ms.
async function show(limit) {
  const source = new ol.source.GeoTIFF({
    sources: [{ url: "/slide" }],
    convertToRGB: "auto",
    interpolate: false,
    transition: 0,
  });
  // An error that nobody waits for leaves the source as it is: a second more, and that is all.
  let end = Date.now() + limit;
  window.addEventListener("unhandledrejection", () => (end = Date.now() + 1000));
  while (source.getState() === "loading" && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (source.getState() !== "ready") {
    return { why: `the source stays '${source.getState()}' (${source.getError()})` };
  }
  const layer = new ol.layer.WebGLTile({ source });
  const map = new ol.Map({ target: "map", layers: [layer], controls: [] });
  Object.assign(window, { source, layer, map });
  const images = source.sourceImagery_[0];
  return { levels: images.map((i) => [i.getWidth(), i.getHeight()]).reverse() };
}

// In the page: what the layer paints where (x, y) of level 0 is, counted from the first directory.
async function look([x, y]) {
  const [left, , , top] = source.getTileGrid().getExtent();
  map.setView(
    new ol.View({
      projection: source.getProjection(),
      center: [left + x + 0.5, top - y - 0.5],
      resolution: 1,
    }),
  );
  await new Promise((resolve) => map.once("rendercomplete", resolve));
  return Array.from(layer.getData([128, 128]) ?? []);
}
