import fc from "fast-check";
import { expect, test } from "vitest";
import { LiveList, type Live } from "./live-list.ts";

const live = (): Live => ({ place: -1, moveOn: () => undefined, abandon: () => undefined });

test("whatever comes and goes, and goes twice, the list holds exactly what is there", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 100 }), (steps) => {
      const all = Array.from({ length: 10 }, live);
      const list = new LiveList();
      const there = new Set<Live>();
      for (const step of steps) {
        const one = all[step] ?? live();
        if (there.delete(one)) {
          list.remove(one);
          list.remove(one);
        } else {
          there.add(one);
          list.add(one);
        }
      }
      expect(list.size).toBe(there.size);
      expect(new Set(list.snapshot())).toEqual(there);
    }),
  );
});
