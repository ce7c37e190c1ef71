import fc from "fast-check";
import { expect, test } from "vitest";
import { viewOf, WriteSlab, type SlabPiece } from "./write-slab.ts";

test("what is placed keeps its bytes until it is released, in whatever order that happens", () => {
  const step = fc.record({
    kind: fc.constantFrom("place", "extend", "release", "leave"),
    which: fc.nat(),
    length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200_000 })),
    fill: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slab = new WriteSlab();
      const kept: { placed: SlabPiece; copy: Buffer; isLeft: boolean }[] = [];
      for (const { kind, which, length, fill } of steps) {
        const bytes = Buffer.alloc(length, fill);
        const at = which % Math.max(kept.length, 1);
        const chosen = kept[at];
        if (kind === "place" || chosen === undefined) {
          kept.push({ placed: slab.place(bytes), copy: bytes, isLeft: false });
        } else if (chosen.isLeft) continue;
        else if (kind === "extend") {
          if (slab.extend(chosen.placed, bytes)) chosen.copy = Buffer.concat([chosen.copy, bytes]);
        } else if (kind === "release") {
          slab.release(chosen.placed);
          kept.splice(at, 1);
        } else {
          slab.leave(chosen.placed);
          chosen.isLeft = true;
        }
        for (const { placed, copy } of kept) expect(viewOf(placed).equals(copy)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test("one write after the other takes the same memory", () => {
  const slab = new WriteSlab();
  const first = slab.place(Buffer.from("first"));
  slab.release(first);
  const second = slab.place(Buffer.from("other"));
  expect(viewOf(first).toString()).toBe("other");
  slab.leave(second);
  slab.place(Buffer.from("third"));
  expect(viewOf(second).toString()).toBe("other");
});
