/** The house rules that no linter knows. Fails with the file, the rule and the way out. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

/** From the bottom up: a folder may import from itself and from folders on lower lines only. */
const layers = [
  ["std"],
  ["model"],
  ["env", "wire", "config"],
  ["store", "archive", "engine", "postgres", "link", "service", "pooler", "sql"],
  ["database", "reconciliation", "plan", "routing", "chaos", "canary", "scaling", "load"],
  ["api", "gateway", "edge", "dns"],
  ["supervisor", "controller", "agent", "front", "guard", "network"],
  ["cli"],
];

const level = new Map(
  layers.flatMap((names, index) => names.map((name) => [name, index] as const)),
);
const folderOf = (file: string): string => relative("src", file).split("/")[0] ?? "";
const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));
const sources = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

type Crossing = { file: string; from: string; to: string; target: string };

function crossings(): Crossing[] {
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].flatMap(([, target = ""]) => {
      const from = folderOf(file);
      const to = folderOf(normalize(join(dirname(file), target)));
      return from === to ? [] : [{ file, from, to, target }];
    }),
  );
}

/** A test may lean on the simulator and on the helpers of other tests; the program may not. */
const isTest = (file: string): boolean => /\.test\.ts$|-contract\.ts$/.test(file);

test("imports point downwards", () => {
  const upwards = crossings().filter(
    ({ file, from, to }) => !isTest(file) && (level.get(to) ?? Infinity) >= (level.get(from) ?? -1),
  );
  expect(upwards.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});

/** Vocabulary: every file is public. Programs build the world, so they may open every door. */
const open = new Set(["std", "model", "env", "wire", "engine"]);
const programs = new Set([
  "cli",
  "supervisor",
  "controller",
  "agent",
  "guard",
  "network",
  "front",
  "gateway",
]);

test("a folder is entered by its front door", () => {
  const broken: string[] = [];
  for (const { file, from, to, target } of crossings()) {
    if (open.has(to) || programs.has(from) || isTest(file)) continue;
    if (!target.endsWith(`/${to}/${to}.ts`)) broken.push(`${file} imports ${target}`);
  }
  expect(broken).toEqual([]);
});

test("files are named in kebab-case, and there are no barrels", () => {
  const bad = files.filter(
    (file) =>
      !/^[a-z0-9]+(-[a-z0-9]+)*(\.pg)?(\.test)?\.ts$/.test(basename(file)) ||
      basename(file) === "index.ts",
  );
  expect(bad).toEqual([]);
});

test("nothing is left behind", () => {
  const marks = /\b(FIXME|XXX|HACK)\b|\bTODO(?!\(#\d+\))|\.only\(|debugger;/;
  expect([...sources].filter(([, text]) => marks.test(text)).map(([file]) => file)).toEqual([]);
});
