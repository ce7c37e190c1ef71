import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openApiDocument, openApiFile } from "./open-api-document.ts";

type Operation = {
  readonly operationId?: string;
  readonly summary?: string;
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
};
type Document = {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
};

const document = (await openApiDocument("0.1.0")) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

test("the contract names every path", () => {
  expect(operations.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    "delete /v1/snapshots/{region}/{name}",
    "get /healthz",
    "get /metrics",
    "get /v1/controls",
    "get /v1/distribution",
    "get /v1/events",
    "get /v1/links",
    "get /v1/names",
    "get /v1/operations",
    "get /v1/operations/{id}",
    "get /v1/services",
    "get /v1/snapshots",
    "get /v1/status",
    "get /v1/traffic",
    "get /v1/watch",
    "patch /v1/links/{a}/{b}",
    "patch /v1/traffic/regions/{region}",
    "post /v1/databases/{database}/failover",
    "post /v1/databases/{database}/operations",
    "post /v1/databases/{database}/operations/preview",
    "post /v1/distribution/invalidations",
    "post /v1/operations/{id}/cancel",
    "post /v1/regions/{region}/prescale",
    "post /v1/regions/{region}/{action}",
    "put /v1/controls",
    "put /v1/distribution/origin",
    "put /v1/services/{service}/replicas",
  ]);
});

test.for(operations)(
  "$method $path has a name and a summary, and says what it answers",
  ({ path, operationId, summary, responses }) => {
    expect(operationId).toBeTruthy();
    expect(summary).toBeTruthy();
    expect((responses["200"] ?? responses["202"])?.content).toBeDefined();
    const problems = ["400", "401", "403", "5XX"].flatMap((status) =>
      Object.keys(responses[status]?.content ?? {}),
    );
    const isOpen = path === "/healthz" || path === "/metrics";
    expect(problems).toEqual(isOpen ? [] : Array(4).fill("application/problem+json"));
  },
);

test("every schema that is referred to is there", () => {
  const text = JSON.stringify(document);
  const named = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(Object.keys(document.components.schemas).filter((name) => !named.includes(name))).toEqual(
    [],
  );
  for (const name of named) expect(Object.keys(document.components.schemas)).toContain(name);
});

test("descriptions come along", () => {
  const { Link } = document.components.schemas as Record<string, { properties: object }>;
  expect(Link?.properties).toMatchObject({ rttMs: { description: expect.any(String) as string } });
});

test("docs/reference/openapi.json is what `npm run docs` prints", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(readFileSync("docs/reference/openapi.json", "utf8")).toBe(await openApiFile(version));
});
