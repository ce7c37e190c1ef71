import fc from "fast-check";
import { expect, test } from "vitest";
import { localPath } from "./local-path.ts";

test("a path of ours is kept with its query", () => {
  for (const path of ["/", "/orders", "/checkout?note=again", "/products/fashion?tag=watches"]) {
    expect(localPath(path, "/other")).toBe(path);
  }
});

test("what leads to another host, by whatever trick, is not followed", () => {
  const tricks = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "orders",
    "",
    `/${"a".repeat(600)}`,
    ["/orders"],
    undefined,
  ];
  for (const next of tricks) expect(localPath(next, "/other")).toBe("/other");
});

test("whatever is given, a browser stays on this host", () => {
  const tricky = fc.string({ unit: fc.constantFrom(..."/\\.:@?#\t\n% aé".split("")) });
  fc.assert(
    fc.property(fc.oneof(tricky, fc.string()), (text) => {
      const path = localPath(`/${text}`, "/");
      expect(new URL(path, "http://shop.example").host).toBe("shop.example");
      expect(path.startsWith("//")).toBe(false);
    }),
    { numRuns: 300 },
  );
});
