import fc from "fast-check";
import { expect, test } from "vitest";
import { type HeapEntry, WaitHeap } from "./wait-heap.ts";

test("who waits for the lowest position comes out first, whoever left in between", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), lsn: fc.nat(50) }),
    fc.record({ kind: fc.constant("remove" as const), index: fc.nat(100) }),
    fc.record({ kind: fc.constant("take" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new WaitHeap<HeapEntry>();
      let model: HeapEntry[] = [];
      for (const one of steps) {
        if (one.kind === "add") {
          const entry = { lsn: one.lsn, place: -1 };
          heap.add(entry);
          model.push(entry);
        } else if (one.kind === "remove") {
          const entry = model[one.index % Math.max(1, model.length)];
          if (entry) {
            heap.remove(entry);
            heap.remove(entry);
            model = model.filter((other) => other !== entry);
          }
        } else {
          const { first } = heap;
          if (first) heap.remove(first);
          model = model.filter((other) => other !== first);
        }
        expect(heap.first?.lsn ?? Infinity).toBe(Math.min(...model.map(({ lsn }) => lsn)));
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});
