/** The style sheet and the icon: read once, kept in browsers under a name that changes with their contents. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { exampleFile } from "../shared/example-files.ts";
import type { Service } from "../shared/service.ts";

/** A year: another style sheet has another address. */
const styleCaching = "public, max-age=31536000, immutable";
const iconCaching = "public, max-age=86400";

export type Stylesheet = { readonly path: string; readonly text: string };

export function readStylesheet(): Stylesheet {
  const text = readFileSync(exampleFile("services", "webapp", "style.css"), "utf8");
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 12);
  return { path: `/styles/${hash}.css`, text };
}

/** `/styles/<hash>.css` and `/favicon.svg`. */
export function serveStaticFiles(service: Service, { path, text }: Stylesheet): void {
  const packed = gzipSync(text);
  service.get("/styles/:name", (request, reply) => {
    // Another replica may be of another release: what it asks for is not kept here.
    void reply.header("cache-control", request.url === path ? styleCaching : "no-cache");
    void reply.header("vary", "accept-encoding").type("text/css; charset=utf-8");
    if (!/\bgzip\b/.test(`${request.headers["accept-encoding"]}`)) return reply.send(text);
    return reply.header("content-encoding", "gzip").send(packed);
  });
  service.get("/favicon.svg", (_request, reply) =>
    reply.header("cache-control", iconCaching).type("image/svg+xml").send(icon),
  );
}

/** A sail. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b5563"/><path d="M17 5v18H6z" fill="#fff"/><path d="M19 10l7 13h-7z" fill="#ffc53d"/><path d="M5 25h22l-3 3H8z" fill="#fff"/></svg>`;
