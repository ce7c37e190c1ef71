import { expect, test } from "vitest";
import { parseStartupOptions } from "./startup-options.ts";

test.each([
  ["", []],
  ["  ", []],
  ["-c leeward.consistency=global", [["leeward.consistency", "global"]]],
  [
    "-cwork_mem=4MB  --search-path=app,public",
    [
      ["work_mem", "4MB"],
      ["search_path", "app,public"],
    ],
  ],
  ["-c application_name=two\\ words\\\\", [["application_name", "two words\\"]]],
  [
    "-c a=b=c -c a=",
    [
      ["a", "b=c"],
      ["a", ""],
    ],
  ],
])("%j sets %j", (options, expected) => {
  expect(parseStartupOptions(options).map(({ name, value }) => [name, value])).toEqual(expected);
});

test.each(["-c", "-c name", "--name", "-c =x", "-f s", "work_mem=4MB", "-"])(
  "%j is refused",
  (options) => {
    expect(() => parseStartupOptions(options)).toThrow(
      /requires a value|invalid command-line argument/,
    );
  },
);
