import fc from "fast-check";
import { fingerprintSync, loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { fingerprint, overrideOf, TEXT_BYTES_MAX } from "./fingerprint.ts";
import { type ParseTree, readText } from "./read-text.ts";

function keyOf(text: string): string | undefined {
  // Inside a larger buffer, as it comes from a socket.
  const bytes = Buffer.from(`\u007f'"${text}'"$$`);
  return fingerprint(bytes, 3, bytes.length - 4);
}

beforeAll(loadModule);

describe("texts that differ in their constants alone share a fingerprint", () => {
  test.each([
    ["select 1", "SELECT 2"],
    ["select 1", "select 1.5e-10"],
    ["select 1", "select .5"],
    ["select 1", "select 0xFF"],
    ["select 1", "select 1_000"],
    ["select 1", "select 'it''s'"],
    ["select 1", "select E'it\\'s'"],
    ["select 1", "select $1"],
    ["select 1", "select $$it's$$"],
    ["select 1", "select $a$ $$ $b$ $a$"],
    ["select b'01'", "select B'10'"],
    ["select x'0F'", "select X'FF'"],
    ["select n'a'", "select N'b', 1"],
    ["select 'a'", "select 'b\n-- c'"],
    ["select a from t", "select  a\n\tfrom\ft"],
    ["select a from t", "select a -- why\nfrom t"],
    ["select a from t", "/* who */ select a /* /* nested */ */ from t"],
    ["select a from t", "-- who\nselect a from t -- end"],
    ["select a from t", "SELECT A FROM T"],
    ["select x in (1)", "select x in (1, 2,3 , 'a')"],
    ["select x in ($1)", "select x in ($1, $2, $3)"],
    ["insert into t values (1)", "insert into t values (1, 'a'), (2, 'b'),(3,'c')"],
    ["select 1", "/* leeward:nonsense */ select 1"],
  ])("%j and %j", (a, b) => {
    expect(keyOf(a)).toBeDefined();
    expect(keyOf(b)).toBe(keyOf(a));
  });
});

describe("texts that differ in anything else do not", () => {
  test.each([
    ["select a", 'select "A"'],
    ['select "a"', 'select "A"'],
    ['select "a""b"', 'select "a" "b"'],
    ["select a", "select b"],
    ["select 1", "select '1' from t"],
    ["select a.b", "select a . c"],
    ["select ab", "select a b"],
    ["select a - -1", "select a --1"],
    ["select a", "select a; select a"],
    ["select a", "select a for update"],
    ["select 1", "select -1"],
    ["select 'a'", "select N'a'"],
    ["select n'a'", "select n 'a'"],
    ["select b'1'", "select x'1'"],
    ["select a ? 'x'", "select a 'y' 'x'"],
    ["select 'a'", "select 'a' ; delete from t -- '"],
    ["select $1", "select $a"],
    ["select /* */ 1", "select /* */ f(1)"],
    ["select a from t", "select a /* /* */ from t"],
    ["values (1), (2)", "values (1), (f(2))"],
    ["select 1", "/* leeward:writer */ select 1"],
    ["/* leeward:local */ select 1", "/* leeward:writer */ select 1"],
    ["select 1", 'select U&"d\\0061t"'],
  ])("%j and %j", (a, b) => {
    expect(keyOf(a)).not.toBe(keyOf(b));
  });
});

test.each([
  ["set a = 1", "set a = 2"],
  ["SET LOCAL a TO 'x'", "SET LOCAL a TO 'y'"],
  ["select 1; set a = 1", "select 1; set a = 2"],
  ["select set_config('a', 'b', false)", "select set_config('a', 'c', false)"],
  [
    "select pg_catalog.SET_CONFIG('a', 'b', false)",
    "select pg_catalog.SET_CONFIG('a', 'c', false)",
  ],
  [`select "set_config"('a', 'b', false)`, `select "set_config"('a', 'c', false)`],
  ["do 'begin end'", "do 'begin commit; end'"],
  [`select U&"d!0061t" UESCAPE '!'`, `select U&"d!0061t" UESCAPE '?'`],
  ["-- x\n/* y */ set a = 1", "-- x\n/* y */ set a = 2"],
])("the constants of %j count", (a, b) => {
  expect(keyOf(a)).toBeDefined();
  expect(keyOf(a)).not.toBe(keyOf(b));
});

test("the SET of an UPDATE is not a SET", () => {
  expect(keyOf("update t set a = 1 where id = 2")).toBe(keyOf("update t set a = 3 where id = 4"));
});

test.each([
  "select 'a",
  "select E'a\\'",
  'select "a',
  "select $$a$",
  "select $a$ $b$",
  "select /* a",
  "select /* /* */",
  "select 12abc",
  "select 1..2",
  "select $1a",
  "select \u0001",
  "select 1\u0000",
  "select\u000b1",
])("%j has no fingerprint", (text) => {
  expect(keyOf(text)).toBeUndefined();
});

test("a comment before the first word decides, and one inside does not", () => {
  const override = (text: string): string | undefined => overrideOf(keyOf(text) ?? "");
  expect(override("/* leeward:writer */ select 1")).toBe("writer");
  expect(override("-- x\n /*leeward: local*/select 1")).toBe("local");
  expect(override("/* leeward:local */ select set_config('a', 'b', false)")).toBe("local");
  expect(override("select /* leeward:writer */ 1")).toBeUndefined();
  expect(override("select '/* leeward:writer */'")).toBeUndefined();
});

test("a text that is too long has none, and the longest has one", () => {
  const text = (length: number): string => `select '${"a".repeat(length - 9)}'`;
  expect(keyOf(text(TEXT_BYTES_MAX))).toBe(keyOf("select 'a'"));
  expect(keyOf(text(TEXT_BYTES_MAX + 1))).toBeUndefined();
  // Every byte may become two.
  expect(keyOf("a ".repeat(TEXT_BYTES_MAX / 2))).toHaveLength(TEXT_BYTES_MAX - 1);
});

/** Statements that a mutation may turn into others. */
const corpus = [
  "select a, b from t where id = $1 and name = 'x' order by a limit 10",
  "select * from t join u using (id) where t.x in (1, 2, 3) or u.y like 'a%'",
  "insert into t (a, b) values (1, 'a'), (2, 'b') on conflict (a) do update set b = 'c' returning *",
  "update t set a = a + 1, b = E'\\n' where id = any ('{1,2}')",
  "delete from t where at < now() - interval '1 day'",
  "with x as (delete from t where id = 5 returning *) select count(*) from x",
  "select f(1, 2), g('a', 1.5), \"Q\"($1) from t for update",
  "begin; select 1; commit",
  "select $$a$$, U&'b', x'1F', b'0' -- end",
  "set search_path = a, b; select 1",
  "select set_config('a', 'b', true), nextval('s')",
  "create temp table x as select 1 as a",
];

const pieces = [
  " ",
  "\n",
  "'",
  "''",
  '"',
  "$$",
  "$1",
  "--",
  "/*",
  "*/",
  ";",
  ",",
  "(",
  ")",
  ".",
  "-",
  "+",
  "1",
  "2.5",
  "e",
  "E'",
  "u&",
  "N'",
  "\\",
  "a",
  "set ",
  "do ",
  " select ",
  " from t",
  "nextval('s')",
  "f(1)",
  "x'1'",
];

const mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(fc.tuple(fc.nat(120), fc.nat(6), fc.constantFrom("", ...pieces)), { maxLength: 3 }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text),
  );

function parsed(text: string): ParseTree | undefined {
  try {
    return parseSync(text);
  } catch {
    return undefined;
  }
}

test("two texts with one fingerprint do the same, whatever is done to them", () => {
  const byKey = new Map<string, { text: string; uses: string; fingerprint: string }>();
  let met = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const key = keyOf(text);
      const tree = key === undefined ? undefined : parsed(text);
      if (key === undefined || !tree) return;
      const uses = JSON.stringify(readText(tree));
      const earlier = byKey.get(key);
      if (!earlier) {
        byKey.set(key, { text, uses, fingerprint: fingerprintSync(text) });
        return;
      }
      if (earlier.text !== text) met += 1;
      if (earlier.uses !== uses) throw new Error(`${earlier.text} and ${text} share ${key}`);
    }),
    { numRuns: 15_000 },
  );
  // Otherwise it has shown nothing.
  expect(met).toBeGreaterThan(100);
});

test("where no list is folded, PostgreSQL's own fingerprint agrees", () => {
  const constant = fc.oneof(
    fc.nat().map(String),
    fc
      .string({ maxLength: 8 })
      .map((text) => `'${text.replaceAll("'", "''").replaceAll("\0", "")}'`),
    fc.constantFrom("1.5", "$$a'b$$", "E'\\''", "$3", "2e5"),
  );
  fc.assert(
    fc.property(
      fc.constantFrom("a", "b"),
      fc.constantFrom("=", "<", "<>"),
      constant,
      constant,
      (name, operator, one, two) => {
        const text = (value: string): string =>
          `select ${name} from t where ${name} ${operator} ${value}`;
        expect(keyOf(text(one))).toBe(keyOf(text(two)));
        expect(fingerprintSync(text(one))).toBe(fingerprintSync(text(two)));
      },
    ),
    { numRuns: 300 },
  );
});

test("case 22: a million texts of a quarter million kinds make as many fingerprints", () => {
  const words = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const operators = ["=", "<", ">", "<>", "<=", ">=", "~", "||"];
  const ends = [
    "",
    " for update",
    " limit 1",
    " order by 1",
    "; select 1",
    " -- x",
    " and f(2)",
    " and g()",
  ];
  const constants = ["1", "'a;b'", "$1", "$$'--$$"];
  const seen = new Map<string, number>();
  for (let index = 0; index < 2 ** 18; index += 1) {
    const pick = <T>(list: readonly T[], place: number): T => list[(index >> (3 * place)) & 7] as T;
    const names = `${pick(words, 0)}${pick(words, 1)}.${pick(words, 2)}`;
    const kind = `select ${names} from ${pick(words, 3)} where x ${pick(operators, 4)} `;
    // The comment is no difference: seven kinds of ends.
    const end = pick(ends, 5);
    for (const constant of constants) {
      const key = keyOf(`${kind}${constant}${end}`) ?? "";
      const other = end === " -- x" ? index & ~(7 << 15) : index;
      const earlier = seen.get(key);
      if (earlier === undefined) seen.set(key, other);
      else if (earlier !== other) throw new Error(`${kind}${constant}${end} is taken for another`);
    }
  }
  expect(seen.size).toBe(7 * 2 ** 15);
});
