import { expect, test } from "vitest";
import { SharedSettings } from "./shared-settings.ts";

const named = (value: string): readonly [string, string] => ["application_name", value];

test("who asks for the same gets the same, in whatever order it was asked for", () => {
  const shared = new SharedSettings();
  const zone = ["timezone", "SET timezone TO 'UTC'"] as const;
  const first = shared.of([named("shop"), zone]);
  expect(shared.of([zone, named("shop")])).toBe(first);
  expect(shared.of([zone, named("desk")])).not.toBe(first);
});

test("thousands who all ask for something else leave no more than a bound behind, and get what they asked for", () => {
  const shared = new SharedSettings();
  for (let one = 0; one < 3_000; one += 1) {
    expect(shared.of([named(String(one))]).entries.get("application_name")).toBe(String(one));
  }
});
