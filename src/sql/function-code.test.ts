import { describe, expect, test } from "vitest";
import { isOpaque, wordsOf } from "./function-code.ts";

describe("code that may change its session", () => {
  test.each([
    "begin set work_mem = '1MB'; end",
    "begin\n  -- why\n  set /* what */ role admin; end",
    "begin /* why */ reset all; end",
    "set search_path to a; select 1",
    "begin if a then set b.c = 1; end if; end",
    "begin perform set_config('a', 'b', true); end",
    "begin execute 'se' || 't a = b'; end",
    "begin create temp table a (b int); end",
    "select pg_try_advisory_lock(1)",
    "begin listen a; end",
    "select dblink('a', 'b')",
  ])("%s", (code) => {
    expect(isOpaque(code)).toBe(true);
  });

  test.each([
    "update t set a = 1 where b = 2",
    "begin update t\n set a = 1; return; end",
    "begin set local work_mem = '1MB'; end",
    "insert into t values (1) on conflict (a) do update set b = 2",
    "select pg_advisory_xact_lock(1)",
    "select a, temperature from settings",
  ])("is not %s", (code) => {
    expect(isOpaque(code)).toBe(false);
  });
});

test("words are those in strings too, as they are written and in small letters", () => {
  expect([...wordsOf(`select Next_Val('S') <-> "Größe"`)]).toEqual([
    "select",
    "Next_Val",
    "next_val",
    "S",
    "s",
    "<->",
    "Größe",
    "größe",
  ]);
});
