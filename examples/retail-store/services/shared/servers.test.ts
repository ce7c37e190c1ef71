import { expect, test } from "vitest";
import { formatVisit, parseVisit } from "./servers.ts";

test("a visit is read as it was written", () => {
  const visit = { address: "127.0.2.11", ms: 1.2 };
  expect(parseVisit(formatVisit(visit))).toEqual(visit);
});

test.each([undefined, "", "127.0.2.11", "<b>;ms=1.2", "a;ms=-1", `${"a".repeat(65)};ms=1.0`])(
  "%j is no visit",
  (text) => {
    expect(parseVisit(text)).toBeUndefined();
  },
);
