import { expect, test } from "vitest";
import { isWireName, isWithin, nameKey } from "./wire-name.ts";

test("a name is as long as a packet allows, and no longer", () => {
  const label = "x".repeat(63);
  const longest = `${label}.${label}.${label}.${"x".repeat(61)}`;
  expect(longest).toHaveLength(253);
  expect(isWireName(longest)).toBe(true);
  expect(nameKey(longest)).toHaveLength(255);
  for (const wrong of [`${longest}x`, `${label}x.y`, "", ".", "a..b", "a.", ".a", "a b", "ä"]) {
    expect([wrong, isWireName(wrong)]).toEqual([wrong, false]);
  }
});

test("case does not count, and labels keep their limits", () => {
  expect(nameKey("Ab.C")).toBe("\x02ab\x01c\0");
  expect(nameKey("a.b")).not.toBe(nameKey("ab"));
});

test("a name is within a zone only at a label's border", () => {
  const zone = nameKey("leeward.internal");
  for (const [name, expected] of [
    ["leeward.internal", true],
    ["a.b.leeward.internal", true],
    ["xleeward.internal", false],
    ["internal", false],
    ["leeward.internal.com", false],
  ] as const) {
    expect([name, isWithin(nameKey(name), zone)]).toEqual([name, expected]);
  }
  expect(isWithin("\x12\x07leeward\x08internal\0".replace("\x12", "\x11"), zone)).toBe(false);
  expect(isWithin("\0", zone)).toBe(false);
});
