import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Failure } from "../model/failure.ts";
import type { Config } from "./config.ts";
import { loadConfig } from "./load.ts";

/** The lines that the user reads, without the file's name. */
function problemsIn(text: string): readonly string[] {
  try {
    loadConfig(text, "leeward.yaml");
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "config.invalid") throw error;
    return error.message.split("\n").map((line) => line.replace(/^leeward\.yaml:/, ""));
  }
  return [];
}

/** A good world, with `more` at its end and `inOrders` in its database. */
const world = (more = "", inOrders = ""): string => `name: shop
regions: { us-east-1: {}, us-west-2: {} }
databases:
  orders:
    primary: us-east-1
${inOrders}${more}`;

const load = (text: string): Config => loadConfig(text, "leeward.yaml").config;

test("the example is a world of two Regions, 60 ms apart, with two global databases", () => {
  const { config, notYet } = loadConfig(
    readFileSync("examples/two-regions/leeward.yaml", "utf8"),
    "leeward.yaml",
  );
  expect(notYet).toEqual([]);
  expect(config.regions).toEqual(["us-east-1", "us-west-2"]);
  expect(config.links.map(({ ends, both }) => [...ends, both.rttMs])).toEqual([
    ["controller", "us-east-1", 60],
    ["controller", "us-west-2", 60],
    ["us-east-1", "us-west-2", 60],
  ]);
  expect(config.databases.map(({ id, owner, placement }) => [id, owner, placement.kind])).toEqual([
    ["orders", "app", "global"],
    ["catalog", "app", "global"],
  ]);
});

test("what is left out takes its default", () => {
  const config = load(world());
  expect(config).toMatchObject({
    world: 0,
    preset: "local",
    addresses: "auto",
    portsBase: undefined,
  });
  expect(config.databases[0]).toMatchObject({
    placement: { kind: "global", failover: "manual", rejoin: "automatic", rpoGuardMs: 0 },
    regions: [
      { region: "us-east-1", instances: 1 },
      { region: "us-west-2", instances: 1 },
    ],
    owner: undefined,
  });
  expect(config.events.keepDays).toBe(14);
  expect(config.postgres).toEqual({ bin: undefined, maxSlotWalKeepMb: 8192 });
});

test("a link of its own keeps the default in what it does not name, whichever end comes first", () => {
  const links =
    "links: { default: { rttMs: 60, jitterMs: 5 }, us-west-2/us-east-1: { bandwidth: 10mbit } }\n";
  const pair = load(world(links)).links.find(({ ends }) => !ends.includes("controller"));
  expect(pair?.both).toEqual({ rttMs: 60, jitterMs: 5, bandwidth: 10_000_000, isUp: true });
});

test("settings arrive as PostgreSQL spells them", () => {
  const inOrders = "    settings: { work_mem: 8MB, jit: false, max_connections: 40 }\n";
  expect(load(world("", inOrders)).databases[0]?.settings).toEqual([
    { name: "work_mem", value: "8MB" },
    { name: "jit", value: "off" },
    { name: "max_connections", value: "40" },
  ]);
});

test("what this version does not do yet is read, and said", () => {
  const later = "plans: ./plans\n";
  const { notYet } = loadConfig(world(later), "leeward.yaml");
  expect(notYet.map((sentence) => sentence.split(":")[0])).toEqual(["plans"]);
});

test("a database says itself who decides on a failover, and what follows one", () => {
  const inOrders =
    "    failover: automatic\n    rejoin: manual\n    rpoGuardMs: 500\n    failoverPauseMs: 60000\n";
  const { config, notYet } = loadConfig(
    world("evidence: { keepDays: 30 }\n", inOrders),
    "leeward.yaml",
  );
  expect(notYet).toEqual([]);
  expect(config.evidence.keepDays).toBe(30);
  expect(config.databases[0]?.placement).toMatchObject({
    failover: "automatic",
    rejoin: "manual",
    rpoGuardMs: 500,
    failoverPauseMs: 60_000,
  });
});

test("every mistake is told at once, each with its line, its field and the nearest right spelling", () => {
  const text = `nmae: shop
regions: { us-east-1: {}, us-west-2: {} }
world: far
links: { default: { rttMs: "60", jitterMs: 5ms, bandwidth: 10mb } }
databases:
  orders:
    primary: us-east-1
    setings: {}
    roles: { app: }
`;
  const bandwidth = "`unlimited`, or a number with kbit, mbit or gbit, for example 10mbit";
  const number = "a number of ms from 0 to 60000";
  expect(problemsIn(text).filter((line) => !line.includes("is not a field"))).toEqual([
    "1:1  name: is missing; allowed: a name of 1 to 31 lower-case letters, digits and hyphens, a letter first, no hyphen at the end",
    '3:8  world: is "far", a text; allowed: a whole number from 0 to 255',
    `4:28  links.default.rttMs: is "60", a text; write the number without quotes; allowed: ${number}`,
    `4:44  links.default.jitterMs: is "5ms", a text; write the number without its unit; allowed: ${number}`,
    `4:60  links.default.bandwidth: is "10mb"; allowed: ${bandwidth}`,
    "9:14  databases.orders.roles.app: is empty, which is no value; write `{}` for the defaults",
  ]);
  const unknown = problemsIn(text).filter((line) => line.includes("is not a field"));
  expect(unknown[0]).toMatch(/^1:1 {2}nmae: .*did you mean "name"\?$/);
  expect(unknown[1]).toMatch(/^8:5 {2}databases\.orders\.setings: .*did you mean "settings"\?$/);
});

test("a field that is not known hides no rule that is broken elsewhere", () => {
  const problems = problemsIn(
    world("evnets: {}\n").replace("primary: us-east-1", "primary: us-eats-1"),
  );
  expect(problems).toEqual([
    '5:14  databases.orders.primary: is "us-eats-1", which is none of this database\'s Regions; allowed: us-east-1, us-west-2; did you mean "us-east-1"?',
    expect.stringContaining('did you mean "events"?'),
  ]);
});

test("a choice that does not exist names those that do", () => {
  const problems = problemsIn(world("", "    engine: postgre\n    kind: locl\n"));
  expect(problems).toEqual([
    '6:13  databases.orders.engine: is "postgre"; allowed: postgres; did you mean "postgres"?',
    '7:11  databases.orders.kind: is "locl"; allowed: global, local; did you mean "local"?',
  ]);
});

test("two primaries are refused, in a list and on two lines", () => {
  expect(problemsIn(world().replace("us-east-1\n", "[us-east-1, us-west-2]\n"))).toEqual([
    expect.stringMatching(
      /^5:14 {2}databases\.orders\.primary: is a list; .*only one accepts writes/,
    ),
  ]);
  expect(problemsIn(world("", "    primary: us-west-2\n"))).toEqual([
    "6:5  `primary` stands here for the second time; keep one of them: a database has one primary Region",
  ]);
});

test("hosts of a Region are refused, not ignored", () => {
  const text = world().replace("us-west-2: {}", "us-west-2: { hosts: [a] }");
  expect(problemsIn(text)).toEqual([
    "2:40  regions.us-west-2.hosts: is refused: Regions on other machines are not there yet; leave `hosts` out",
  ]);
});

test.for([
  ["", "1:1  the file is empty"],
  ["# only a comment\n", "1:1  the file is empty"],
  ["- a\n", "1:1  the file holds a list; allowed: fields (name, "],
  ["hello\n", '1:1  the file holds "hello"'],
  ["a:\n\t- b\n", "2:1  this line is indented with a tab"],
  ["a: [1\n", "2:1  this is not YAML: "],
  ["a: 1\n---\nb: 2\n", "2:1  a second document begins here"],
  ["? [a]\n: 2\n", "1:3  this cannot be the name of a field"],
  ["a: !!foo x\n", "1:4  this is not YAML: Unresolved tag"],
  ["a: *nope\n", "1:4  *nope refers to an anchor that is not there"],
  ["a: &a { b: *a }\n", "1:12  *a refers to what it stands in"],
  ["__proto__: {}\n", "1:1  `__proto__` is not a field here"],
] as const)("%j is refused with its place", ([text, beginning]) => {
  const [first = ""] = problemsIn(text);
  expect(first.slice(0, beginning.length)).toBe(beginning);
});

test("no text ends the process or takes long: too large, too deep, too many aliases, too many fields", () => {
  const tower = Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n");
  const bomb = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n".replaceAll(/\*[ab]/g, (alias) =>
    Array.from({ length: 12 }, () => alias).join(","),
  );
  expect(problemsIn("x".repeat(2_000_000))[0]).toContain("larger than 1048576 characters");
  expect(problemsIn(`a: ${"[".repeat(50_000)}`)[0]).toContain("nested too deeply");
  expect(problemsIn(`a: ${"[".repeat(3000)}${"]".repeat(3000)}`)[0]).toContain("nested too deeply");
  expect(problemsIn(tower)[0]).toContain("nested too deeply");
  expect(problemsIn("- ".repeat(5000))[0]).toContain("nested too deeply");
  expect(problemsIn(bomb)[0]).toContain("the aliases cannot be resolved");
  const many = problemsIn(Array.from({ length: 3_000 }, (_, index) => `k${index}: 1`).join("\n"));
  expect(many.length).toBe(41);
  expect(many.at(-1)).toBe("… and more");
});

test("an alias stands for what its anchor holds", () => {
  const text = world("  catalog: *orders\n").replace("orders:", "orders: &orders");
  expect(load(text).databases.map(({ id }) => id)).toEqual(["orders", "catalog"]);
});

test("names from the file do not reach the terminal with control characters", () => {
  expect(problemsIn(world('"\\e[31mred": 1\n'))[0]).not.toContain("\u001b");
});

test("a byte order mark and the line ends of Windows change nothing", () => {
  expect(load(`\uFEFF${world().replaceAll("\n", "\r\n")}`)).toEqual(load(world()));
});
