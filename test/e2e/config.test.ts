/** A leeward.yaml with mistakes starts nothing, and says where each mistake is. */
import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const base = (databases: string): string => `name: mistaken
world: 5
regions:
  us-east-1: {}
  us-west-2: {}
databases:
  orders:
${databases}`;

const mistakes: readonly (readonly [string, string, RegExp])[] = [
  [
    "two primaries",
    base("    primary: [us-east-1, us-west-2]\n"),
    /:8:14.*primary[\s\S]*only one accepts writes/,
  ],
  ["a wrong type", base("    primary: us-east-1\n    rpoGuardMs: soon\n"), /:9:17.*rpoGuardMs/],
  ["an unknown Region", base("    primary: us-eats-1\n"), /:8:14.*us-eats-1[\s\S]*us-east-1/],
  ["a misspelt field", base("    primry: us-east-1\n"), /:8:5.*primry[\s\S]*primary/],
  ["no YAML at all", "name: [\n", /:\d+:\d+/],
];

test.for(mistakes)(
  "up refuses %s at its line and column, without a stack",
  async ([, text, says]) => {
    await using world = await World.prepare();
    writeFileSync(world.configFile, text);
    for (const detach of [[], ["--detach"]]) {
      const { code, stdout, stderr } = await world.cli(["up", ...detach]);
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    }
    expect(existsSync(world.stateDirectory)).toBe(false);
  },
);

test("up without a leeward.yaml says so", async () => {
  await using world = await World.prepare();
  const refused = await world.cli(["up", "nowhere", "--json"]);
  expect(refused.code).toBe(78);
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: "config.not-found" });
});

test("doctor finds nothing to mend for a good leeward.yaml, and changes nothing", async () => {
  await using world = await World.prepare();
  expect(await world.ok(["doctor"])).toMatch(/PostgreSQL: \d+\.\d+ \(/);
  expect(existsSync(world.stateDirectory)).toBe(false);
});
