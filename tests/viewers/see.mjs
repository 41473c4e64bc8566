// Opens slides with each viewer's library and prints one line of JSON a reader and file:
//   {"reader", "version", "file", "opens", "why", "levels": [[w, h], ...], "pixels", "seconds"}
// `pixels` is "right", "wrong: ..." or null where the file doesn't open.
//
//   node see.mjs REQUEST.json
// REQUEST: {"readers": ["sharp", ...], "limit": SECONDS, "browser": "/usr/bin/chromium",
//           "files": [{"path", "tolerance", "points": [[x, y, r, g, b] or [x, y, id], ...]}]}
//
// Each reader has a process of its own, which is killed if a file takes longer than the limit: a hang
// or a crash is a row, and the next file gets a new process.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const kSelf = fileURLToPath(import.meta.url);

if (process.send) {
  await answer(...process.argv.slice(2));
} else {
  const request = JSON.parse(readFileSync(process.argv[2], "utf8"));
  for (const reader of request.readers) await askOfAll(reader, request);
}

async function askOfAll(reader, request) {
  let child = null;
  for (const file of request.files) {
    // Libraries print as they like; none of it may stand between the rows.
    child ??= fork(kSelf, [reader, request.browser ?? ""], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    const { gone, ...said } = await ask(child, file, request.limit);
    console.log(JSON.stringify({ reader, file: file.path, ...said }));
    if (gone) {
      child.kill("SIGKILL");
      child = null;
    }
  }
  child?.kill("SIGKILL");
}

function ask(child, file, limit) {
  const none = { version: "", opens: false, levels: [], pixels: null, gone: true };
  return new Promise((resolve) => {
    const done = (row) => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(row);
    };
    const late = () => done({ ...none, why: `no answer in ${limit} s` });
    const timer = setTimeout(late, 1000 * limit);
    child.on("message", done);
    child.on("error", (error) => done({ ...none, why: error.message }));
    child.on("exit", (code, signal) => done({ ...none, why: `ended with ${signal ?? code}` }));
    child.send(file);
  });
}

// The child's side: one file at a time.
async function answer(name, browser) {
  const { readers } = await import("./readers.mjs");
  const opening = readers[name](browser);
  process.on("message", async (file) => {
    const reader = await opening;
    process.send({ version: reader.version, ...(await row(reader, file)) });
  });
}

async function row(reader, file) {
  const begin = performance.now();
  const seconds = () => Math.round(performance.now() - begin) / 1000;
  try {
    const slide = await reader.open(file.path);
    const pixels = await compare(slide, file);
    return { opens: true, why: "", levels: slide.levels, pixels, seconds: seconds() };
  } catch (error) {
    const why = String(error?.message ?? error).replace(/\s+/g, " ").trim();
    return { opens: false, why, levels: [], pixels: null, seconds: seconds() };
  }
}

// The first point that is off, else "right". An id must be the first sample, to the unit.
async function compare(slide, file) {
  for (const [x, y, ...wanted] of file.points) {
    let got;
    try {
      got = Array.from(await slide.pixel(x, y));
    } catch (error) {
      return `wrong: ${error?.message ?? error} at (${x}, ${y})`;
    }
    const off = wanted.some((value, c) => !(Math.abs(value - got[c]) <= file.tolerance));
    if (off) return `wrong: (${got.slice(0, 3)}) in place of (${wanted}) at (${x}, ${y})`;
  }
  return "right";
}
