import { afterAll, beforeAll, expect, test } from "vitest";
import { products } from "../../databases/products.ts";
import { buildService, type Service } from "../shared/service.ts";
import { openGallery } from "./gallery.ts";
import { assetRoutes } from "./routes.ts";

const gallery = openGallery();
let service: Service;

beforeAll(async () => {
  service = await buildService({
    name: "assets",
    environment: { HOST: "127.0.0.1", PORT: 0, LEEWARD_REGION: "us-east-1", LEEWARD_REPLICA: 1 },
    routes: (routes) => assetRoutes(routes, gallery),
  });
});

afterAll(() => service.close());

test("every product has a picture of its own, of less than 6 kB, without a script or an address", () => {
  const drawn = products.map(({ id }) => String(gallery.find(String(id))?.bytes));
  expect(new Set(drawn).size).toBe(products.length);
  for (const svg of drawn) {
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    expect(svg.length).toBeLessThan(6_000);
    expect(svg).not.toMatch(/<script|href|on\w+=|style=|NaN|undefined|Infinity/);
  }
});

test("a picture is the same bytes for every replica and release of the same drawings", () => {
  const other = openGallery();
  for (const name of gallery.names) {
    expect(other.find(name)?.etag).toBe(gallery.find(name)?.etag);
  }
});

test("categories, kinds, the logo and the favicon are there", () => {
  for (const name of ["fashion", "jewelry", "watch-smart", "bicycle-cargo", "logo", "favicon"]) {
    const length = gallery.find(name)?.bytes.length ?? 0;
    expect({ name, isDrawn: length > 300 }).toEqual({ name, isDrawn: true });
  }
});

test("a picture is kept by browsers for a day and asked for with its ETag", async () => {
  const first = await service.inject("/assets/2.svg");
  expect(first.statusCode).toBe(200);
  expect(first.headers).toMatchObject({
    "content-type": "image/svg+xml; charset=utf-8",
    "cache-control": "public, max-age=86400, immutable",
    "x-content-type-options": "nosniff",
  });
  const etag = String(first.headers["etag"]);
  for (const held of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await service.inject({
      url: "/assets/2.svg",
      headers: { "if-none-match": held },
    });
    expect([held, again.statusCode]).toEqual([held, 304]);
    expect(again.body).toBe("");
    expect(again.headers["etag"]).toBe(etag);
  }
  const other = await service.inject({
    url: "/assets/2.svg",
    headers: { "if-none-match": '"other"' },
  });
  expect(other.statusCode).toBe(200);
});

test("names of other things are not found", async () => {
  for (const name of [
    "1.svg",
    "2.png",
    "2",
    "..%2fmain.ts",
    "__proto__.svg",
    "%00.svg",
    "2.svg.svg",
  ]) {
    const { statusCode } = await service.inject(`/assets/${name}`);
    expect([name, statusCode]).toEqual([name, 404]);
  }
});

test("the service says that it is well", async () => {
  expect((await service.inject("/health.html")).body).toContain("OK");
  expect((await service.inject("/healthcheck")).json()).toMatchObject({ status: "success" });
});
