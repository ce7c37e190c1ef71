import { expect, test } from "vitest";
import { piecesOf, SqlInput } from "./sql-input.ts";

test("a statement may take several lines, and a line may hold several statements", () => {
  const input = new SqlInput();
  expect(input.line("SELECT 1; SELECT")).toEqual([{ kind: "statement", text: "SELECT 1" }]);
  expect(input.isInside).toBe(true);
  expect(input.line("  2;")).toEqual([{ kind: "statement", text: "SELECT\n  2" }]);
  expect(input.isInside).toBe(false);
});

test("a backslash begins a command only where a statement could begin", () => {
  expect(piecesOf("\\dt\nSELECT 1\n\\dt;")).toEqual([
    { kind: "meta", line: "\\dt" },
    { kind: "statement", text: "SELECT 1\n\\dt" },
  ]);
});

test("the last statement needs no semicolon, and comments are none", () => {
  expect(piecesOf("SELECT 1 -- one\n; -- done\n")).toEqual([
    { kind: "statement", text: "SELECT 1 -- one" },
  ]);
  expect(piecesOf("-- nothing\n")).toEqual([]);
  expect(piecesOf("SELECT 1")).toEqual([{ kind: "statement", text: "SELECT 1" }]);
});
