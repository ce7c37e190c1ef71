import { expect, test } from "vitest";
import { Failure } from "../model/failure.ts";
import type { Config } from "./config.ts";
import { loadConfig } from "./load.ts";
import {
  adoptWorldRecord,
  formatWorldRecord,
  newWorldRecord,
  parseWorldRecord,
} from "./world-record.ts";

const config = (name: string, world: number, regions: string): Config =>
  loadConfig(
    `name: ${name}\nworld: ${world}\nregions: { ${regions} }\ndatabases: { notes: { kind: local } }\n`,
    "leeward.yaml",
  ).config;

const shop = config("shop", 0, "east: {}, west: {}");
const record = newWorldRecord(shop, { hex: (bytes) => "ab".repeat(bytes) });

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
  return undefined;
};

test("a record survives being written and read", () => {
  expect(parseWorldRecord(formatWorldRecord(record), "world.json")).toEqual(record);
});

test.for([
  ["another name", config("bank", 0, "east: {}, west: {}")],
  ["another block of addresses", config("shop", 1, "east: {}, west: {}")],
  ["a Region less", config("shop", 0, "east: {}")],
] as const)("a world with %s does not get the state", ([, other]) => {
  expect(codeOf(() => adoptWorldRecord(record, other, "world.json"))).toBe("state.other-world");
});

test("a Region may be added", () => {
  const grown = adoptWorldRecord(
    record,
    config("shop", 0, "east: {}, west: {}, north: {}"),
    "world.json",
  );
  expect(grown).toEqual({ ...record, regions: ["east", "west", "north"] });
});

test("state of a newer version is left alone, whatever else it holds", () => {
  const text = JSON.stringify({ version: 2, everything: "else" });
  expect(codeOf(() => parseWorldRecord(text, "world.json"))).toBe("state.newer-version");
});

test.for(["", "{", "[]", "{}", '{"version":1}', '{"version":"1"}'])(
  "%j is a damaged record",
  (text) => {
    expect(codeOf(() => parseWorldRecord(text, "world.json"))).toBe("state.damaged");
  },
);
