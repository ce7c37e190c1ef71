import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "./fifo.ts";

test("what goes in comes out in the same order, whatever is mixed in between", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat())), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step !== null) {
          fifo.push(step);
          model.push(step);
        }
        expect(step === null ? fifo.shift() : undefined).toBe(
          step === null ? model.shift() : undefined,
        );
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
    }),
  );
});

test("a replaced head is the next to come out", () => {
  const fifo = new Fifo<string>();
  fifo.replaceHead("nothing to replace");
  expect(fifo.length).toBe(0);
  fifo.push("whole");
  fifo.push("next");
  fifo.replaceHead("rest");
  expect([fifo.shift(), fifo.shift(), fifo.shift()]).toEqual(["rest", "next", undefined]);
});
