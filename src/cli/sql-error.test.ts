import { expect, test } from "vitest";
import { describeServerError } from "./sql-error.ts";

test("an error shows its SQLSTATE, and a caret under the place in its own line", () => {
  const error = {
    message: 'column "nme" does not exist',
    code: "42703",
    position: "12",
    hint: 'Perhaps you meant "name".',
  };
  expect(describeServerError(error, "SELECT\n\ta, nme\nFROM t")).toBe(
    [
      'ERROR:  42703: column "nme" does not exist',
      "LINE 2: \ta, nme",
      "        \t   ^",
      'HINT:  Perhaps you meant "name".',
    ].join("\n"),
  );
});

test("a place outside the statement draws no caret", () => {
  const error = { message: "odd", position: "99" };
  expect(describeServerError(error, "SELECT 1")).toContain("odd");
});
