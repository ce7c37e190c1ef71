import fc from "fast-check";
import { expect, test } from "vitest";
import type { NewEvent } from "../model/event.ts";
import { messageCharsMax, parseDetails, storableEvent } from "./storable-event.ts";

const event = (message: string, details: NewEvent["details"] = {}): NewEvent => ({
  kind: "region.killed",
  message,
  region: undefined,
  database: undefined,
  details,
});

test("a reasonable event is kept as it is", () => {
  const reasonable = event("Region us-east-1 was killed. 🦭", {
    pid: 7,
    by: "user",
    ok: true,
    why: null,
  });
  expect(storableEvent(reasonable)).toEqual(reasonable);
});

test("what cannot be kept is replaced, and the rest stays", () => {
  const odd = event("a\0b \ud800 c", { count: NaN, list: [1] as unknown as string });
  expect(storableEvent(odd)).toMatchObject({
    message: "a\ufffdb \ufffd c",
    details: { count: "NaN", list: "1" },
  });
});

test("a message that is too long is cut, and never in the middle of a character", () => {
  const { message } = storableEvent(event("🦭".repeat(messageCharsMax)));
  expect(message).toHaveLength(messageCharsMax);
  expect(message).not.toMatch(/\p{Surrogate}/u);
});

test("details survive being written and read", () => {
  const fact = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fact, { maxKeys: 5 }), (details) => {
      const { details: kept } = storableEvent(event("", details));
      // Compared as JSON, which has no negative zero.
      expect(JSON.stringify(parseDetails(JSON.stringify(kept)))).toBe(JSON.stringify(kept));
    }),
  );
});

test.for(["", "{", "null", "[]", "7", '"text"'])("details %j are reported as damaged", (json) => {
  expect(parseDetails(json)).toEqual({ damaged: true });
});
