import fc from "fast-check";
import { expect, test } from "vitest";
import { Assembly } from "./assembly.ts";

test("what is put together is its pieces in order, of whatever size, also where the memory was used before", () => {
  const assembly = new Assembly();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.integer({ min: 1, max: 100_000 }).map((size) => Buffer.alloc(size, size & 255)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      assembly.begin();
      for (const bytes of pieces) assembly.add(Buffer.from(bytes));
      expect(assembly.isEmpty).toBe(pieces.every(({ length }) => length === 0));
      expect(assembly.finish().equals(Buffer.concat(pieces))).toBe(true);
    }),
  );
});

test("a message has its type and its length, and a part of other bytes is what it was", () => {
  const assembly = new Assembly();
  assembly.begin();
  assembly.header(0x43, 3);
  assembly.byte(0x53);
  assembly.add(Buffer.from("say L1"), 4, 6);
  expect(assembly.finish()).toEqual(Buffer.from([0x43, 0, 0, 0, 7, 0x53, 0x4c, 0x31]));
});
