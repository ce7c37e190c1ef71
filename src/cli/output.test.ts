import { expect, test } from "vitest";
import { cut, formatBytes, formatDuration, table } from "./output.ts";

test.for([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [12 * 1024 * 1024, "12 MiB"],
  [5 * 1024 ** 5, "5120 TiB"],
] as const)("%d bytes are %s", ([bytes, text]) => expect(formatBytes(bytes)).toBe(text));

test.for([
  [0.4, "0 ms"],
  [999, "999 ms"],
  [1_234, "1.2 s"],
  [45_400, "45 s"],
  [59_700, "1 min"],
  [125_000, "2 min 5 s"],
  [3 * 3_600_000 + 600_000, "3 h 10 min"],
  [52 * 3_600_000, "2 d 4 h"],
] as const)("%d ms are %s", ([ms, text]) => expect(formatDuration(ms)).toBe(text));

test("colours take no room in a table, and no line ends with a space", () => {
  const rows = [
    ["a", "\u001B[32mok\u001B[39m", ""],
    ["long", "b", "c"],
  ];
  expect(table(rows)).toEqual(["a     \u001B[32mok\u001B[39m", "long  b   c"]);
});

test("a line that is too long for the terminal says so", () => {
  expect(cut("abcdef", 4)).toBe("abc…");
  expect(cut("abcd", 4)).toBe("abcd");
});
