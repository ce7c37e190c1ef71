import { expect, test } from "vitest";
import { close, reachedBy, type Thing } from "./catalog-closure.ts";

function thing(kind: Thing["kind"], name: string, uses: Partial<Thing>): Thing {
  return { kind, name, functions: [], types: [], relations: [], words: new Set(), ...uses };
}

test("what is used at any distance is reached, through things of every kind", () => {
  const things = [
    thing("relation", "view", { types: ["domain"] }),
    thing("function", "reader", { words: new Set(["view"]) }),
    thing("operator", "###", { functions: ["reader"] }),
    thing("function", "operated", { words: new Set(["###"]) }),
    thing("type", "domain", { functions: ["check"] }),
    thing("function", "check", { words: new Set(["nextval"]) }),
    thing("relation", "parent", { relations: ["view"] }),
    thing("relation", "other", { functions: ["lower"] }),
  ];
  const reached = close(things, reachedBy(["nextval"]));
  expect([...reached.functions].toSorted()).toEqual(["check", "nextval", "operated", "reader"]);
  expect([...reached.operators]).toEqual(["###"]);
  expect([...reached.types]).toEqual(["domain"]);
  expect([...reached.relations].toSorted()).toEqual(["parent", "view"]);
});

test("things that use each other end", () => {
  const things = [
    thing("function", "a", { functions: ["b"] }),
    thing("function", "b", { functions: ["a"] }),
  ];
  expect(close(things, reachedBy([])).functions.size).toBe(0);
  expect(close(things, reachedBy(["a"])).functions.size).toBe(2);
});
