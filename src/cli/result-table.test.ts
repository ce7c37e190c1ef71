import { expect, test } from "vitest";
import { alignedTable, csvTable, jsonRows, type SqlResult } from "./result-table.ts";

const int4 = 23;
const int8 = 20;
const text = 25;
const bool = 16;
const jsonb = 3802;
const numeric = 1700;

const people: SqlResult = {
  tag: "SELECT 2",
  columns: [
    { name: "id", typeId: int4 },
    { name: "name", typeId: text },
  ],
  rows: [
    ["1", "Ada"],
    ["22", null],
  ],
};

test("a table is as psql prints it: numbers to the right, NULL empty, the rows counted", () => {
  expect(alignedTable(people)).toEqual([
    " id | name",
    "----+------",
    "  1 | Ada",
    " 22 |",
    "(2 rows)",
  ]);
});

test("a cell of two lines makes its row two lines tall", () => {
  expect(alignedTable({ ...people, rows: [["1", "a\nb"]] })).toEqual([
    " id | name",
    "----+------",
    "  1 | a   +",
    "    | b",
    "(1 row)",
  ]);
});

test("a statement without an answer prints its tag", () => {
  expect(alignedTable({ tag: "CREATE TABLE", columns: [], rows: [] })).toEqual(["CREATE TABLE"]);
});

test("CSV tells NULL from an empty text, and quotes what needs it", () => {
  const rows = [
    ["1", ""],
    ["2", null],
    ["3", 'a "b", c'],
  ];
  expect(csvTable({ ...people, rows })).toEqual(["id,name", '1,""', "2,", '3,"a ""b"", c"']);
});

test("JSON holds exact numbers, booleans and JSON as what they are, the rest as text", () => {
  const result: SqlResult = {
    tag: "SELECT 1",
    columns: [
      { name: "a", typeId: int4 },
      { name: "a", typeId: int8 },
      { name: "big", typeId: int8 },
      { name: "ok", typeId: bool },
      { name: "doc", typeId: jsonb },
      { name: "money", typeId: numeric },
      { name: "nothing", typeId: int4 },
    ],
    rows: [["1", "2", "9007199254740993", "t", '{"x":[1]}', "1.10", null]],
  };
  expect(jsonRows(result)).toEqual([
    {
      a: 1,
      a_2: 2,
      big: "9007199254740993",
      ok: true,
      doc: { x: [1] },
      money: "1.10",
      nothing: null,
    },
  ]);
});
