import { expect, test } from "vitest";
import {
  consistencyLevels,
  consistencySetting,
  parseConsistency,
  showConsistency,
} from "./consistency.ts";

const settings = [
  "leeward.consistency",
  "apg_write_forward.consistency_mode",
  "aurora_replica_read_consistency",
] as const;

test.for(settings)("what %s shows can be set again, in any case", (setting) => {
  for (const level of consistencyLevels) {
    const shown = showConsistency(setting, level);
    for (const value of [shown, shown.toLowerCase(), shown.toUpperCase()]) {
      expect(parseConsistency(setting, value)).toEqual({ kind: "level", level });
    }
  }
});

test("each setting shows a level in its own spelling", () => {
  expect(settings.map((setting) => showConsistency(setting, "global"))).toEqual([
    "global",
    "GLOBAL",
    "GLOBAL",
  ]);
  expect(settings.map((setting) => showConsistency(setting, "off"))).toEqual(["off", "OFF", ""]);
});

test("a setting is known by its name in any case, and no other one is", () => {
  expect(consistencySetting("Leeward.Consistency")).toBe("leeward.consistency");
  expect(consistencySetting("leeward.consistenc")).toBeUndefined();
});

test("an invalid value is refused as PostgreSQL refuses it", () => {
  expect(parseConsistency("leeward.consistency", "strong")).toEqual({
    kind: "invalid",
    sqlState: "22023",
    message: `invalid value for parameter "leeward.consistency": "strong"`,
    hint: "Available values: eventual, session, global, off.",
  });
  expect(parseConsistency("leeward.consistency", "")).toMatchObject({ kind: "invalid" });
  expect(parseConsistency("aurora_replica_read_consistency", "off")).toMatchObject({
    hint: "Available values: EVENTUAL, SESSION, GLOBAL, ''.",
  });
});

test("a value of a megabyte does not come back whole", () => {
  const answer = parseConsistency("leeward.consistency", "x".repeat(1_000_000));
  expect(JSON.stringify(answer).length).toBeLessThan(500);
});
