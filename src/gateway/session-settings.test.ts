import { expect, test } from "vitest";
import { afreshFrom, lostByReset, SessionSettings, settingStatement } from "./session-settings.ts";

const startup = SessionSettings.of([
  ["role", "SET ROLE reader"],
  ["work_mem", "SET work_mem TO '6MB'"],
  ["search_path", "SET search_path TO 'a'"],
]);
const set = (name: string, sql?: string, isLocal = false) =>
  ({ kind: "set", name, sql, value: undefined, isLocal }) as const;

test("a list of the startup message is set as a list, not as one name", () => {
  expect(settingStatement("search_path", "a,b")).toBe(
    "SELECT pg_catalog.set_config('search_path', 'a,b', false)",
  );
  expect(settingStatement("search_path", "a")).toBe(`SET "search_path" TO 'a'`);
});

test("a quote and a backslash in a value hold under either standard_conforming_strings", () => {
  expect(settingStatement("app.x", "it's \\ so")).toBe(`SET "app"."x" TO E'it''s \\\\ so'`);
});

test("after RESET a server is told again what the startup message asked for", () => {
  expect(lostByReset([set("work_mem")], startup, startup)).toBe("SET work_mem TO '6MB'");
  expect(lostByReset([set("lock_timeout")], startup, startup)).toBeUndefined();
  expect(lostByReset([set("work_mem", undefined, true)], startup, startup)).toBeUndefined();
  expect(lostByReset([{ kind: "reset-all" }], SessionSettings.none, startup)).toBeUndefined();
});

test("who the session is comes last, because it decides what may be set", () => {
  expect(lostByReset([{ kind: "discard-all" }], startup, startup)).toBe(
    "SET work_mem TO '6MB';SET search_path TO 'a';SET ROLE reader",
  );
});

test("what was set again in the same unit is what the server gets", () => {
  const now = startup.with("work_mem", "SET work_mem TO '9MB'");
  expect(lostByReset([set("work_mem"), set("work_mem", "…")], startup, now)).toBe(
    "SET work_mem TO '9MB'",
  );
});

test("a server in which code ran forgets names that nobody knows, and who it was, before it is another's", () => {
  expect(afreshFrom(startup, SessionSettings.of([["work_mem", "SET work_mem TO '1MB'"]]))).toBe(
    "RESET \"role\";RESET ALL;UNLISTEN *;SET work_mem TO '1MB'",
  );
});
