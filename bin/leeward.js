#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("Leeward is not built yet. Run `npm start` once, or `npm ci && npm run build`.");
  process.exit(69);
}
await import(main.href);
