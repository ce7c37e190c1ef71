import fc from "fast-check";
import { expect, test } from "vitest";
import { firstWord, isEmpty, splitSql } from "./sql-splitter.ts";

test.for([
  ["SELECT 1; SELECT 2", ["SELECT 1"], " SELECT 2"],
  ["SELECT ';'; ", ["SELECT ';'"], " "],
  ["SELECT 'it''s;';", ["SELECT 'it''s;'"], ""],
  ["SELECT E'\\';';", ["SELECT E'\\';'"], ""],
  ["SELECT '\\';", ["SELECT '\\'"], ""],
  ['SELECT ";";', ['SELECT ";"'], ""],
  ["DO $$ BEGIN; END $$;", ["DO $$ BEGIN; END $$"], ""],
  ["DO $a$ $$;$$ $a$;", ["DO $a$ $$;$$ $a$"], ""],
  ["SELECT $1; SELECT a$b$c;", ["SELECT $1", "SELECT a$b$c"], ""],
  ["SELECT 1 -- no; end\n;", ["SELECT 1 -- no; end"], ""],
  ["SELECT /* a; /* b; */ c; */ 1;", ["SELECT /* a; /* b; */ c; */ 1"], ""],
  ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);", undefined, ""],
  [
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;",
    undefined,
    "",
  ],
  ["BEGIN; SELECT 1; END;", ["BEGIN", "SELECT 1", "END"], ""],
  [";; ;", [], ""],
  ["SELECT 'open; ", [], "SELECT 'open; "],
] as const)("%j", ([text, statements, rest]) => {
  expect(splitSql(text)).toEqual({ statements: statements ?? [text.slice(0, -1)], rest });
});

test("nothing but space and comments is no statement", () => {
  expect(isEmpty(" -- a\n/* b */ \n")).toBe(true);
  expect(isEmpty("-- a\nSELECT")).toBe(false);
});

test("the first word is found behind comments and brackets", () => {
  expect(firstWord("/* x */ -- y\n (select 1)")).toBe("SELECT");
});

test("any text without comments is cut without loss of a character", () => {
  const pieces = fc.constantFrom(..."' \" $$ $a$ ; ( ) \n a E' \\ 1 $ BEGIN END".split(" "));
  fc.assert(
    fc.property(fc.array(pieces), (parts) => {
      const text = parts.join(" ");
      const { statements, rest } = splitSql(text);
      const kept = [...statements, rest].join("").replaceAll(/[\s;]/g, "");
      expect(kept).toBe(text.replaceAll(/[\s;]/g, ""));
    }),
  );
});
