/** The pictures over HTTP. */
import { z } from "zod";
import { Refusal } from "../shared/refusal.ts";
import type { Service } from "../shared/service.ts";
import type { Gallery } from "./gallery.ts";

/** One day, and no question in between: a picture does not change while a shop is open. */
const cacheControl = "public, max-age=86400, immutable";

const parameters = z.object({ file: z.string().max(64) });

/** Adds `/assets/<name>.svg`, and the page that load balancers of old ask for. */
export function assetRoutes(service: Service, gallery: Gallery): void {
  service.get("/assets/:file", { schema: { params: parameters } }, (request, reply) => {
    const name = /^([\w-]{1,40})\.svg$/.exec(request.params.file)?.[1];
    const asset = name === undefined ? undefined : gallery.find(name);
    if (!asset) throw new Refusal(404, "unknown-picture", "There is no such picture.");
    void reply.headers({
      "cache-control": cacheControl,
      etag: asset.etag,
      "x-content-type-options": "nosniff",
      // Opened by itself, a picture is a document: it has nothing to load and nothing to run.
      "content-security-policy": "default-src 'none'",
    });
    if (holds(request.headers["if-none-match"], asset.etag)) return reply.code(304).send();
    return reply.type("image/svg+xml; charset=utf-8").send(asset.bytes);
  });
  service.get("/health.html", (_request, reply) =>
    reply.type("text/html; charset=utf-8").send("<!doctype html><title>Health</title><p>OK</p>"),
  );
}

/** Whether a browser has this version: `If-None-Match` may list several, and mark them as weak. */
function holds(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(",")
    .map((part) => part.trim().replace(/^W\//, ""))
    .some((part) => part === etag || part === "*");
}
