import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configurationReference, errorsReference, schemaFile } from "./reference.ts";

const page = (name: string): string => readFileSync(`docs/reference/${name}`, "utf8");

test.for([
  ["configuration.md", configurationReference],
  ["errors.md", errorsReference],
  ["leeward.schema.json", schemaFile],
] as const)("docs/reference/%s is what `npm run docs` prints", ([name, print]) => {
  expect(page(name)).toBe(print());
});
