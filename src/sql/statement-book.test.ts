import { loadModule, parseSync } from "libpg-query";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../env/env.ts";
import { TEXT_BYTES_MAX } from "./fingerprint.ts";
import type { Parsed } from "./parser-thread.ts";
import { readingOf } from "./reading.ts";
import { readText } from "./read-text.ts";
import type { CatalogFacts, Reading, Statement } from "./sql.ts";
import { CachingStatementBook, type TextParser } from "./statement-book.ts";
import { unread } from "./text-uses.ts";

const usual = readingOf("UTF8", "on");

/** The real grammar without its thread. */
class CountingParser implements TextParser {
  asked: string[] = [];
  isFinal = true;

  async parse(text: string): Promise<Parsed> {
    this.asked.push(text);
    return {
      uses: this.isFinal ? readText(parseSync(text)) : unread("it rests"),
      isFinal: this.isFinal,
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function factsWith(more: Partial<CatalogFacts>): CatalogFacts {
  const none: ReadonlySet<string> = new Set();
  return {
    functions: new Set(["f"]),
    volatileFunctions: none,
    opaqueFunctions: none,
    customSettings: none,
    volatileOperators: none,
    volatileTypes: none,
    taintedRelations: none,
    opaqueRelations: none,
    ...more,
  };
}

describe("a statement book", () => {
  let nowMs: number;
  let parser: CountingParser;
  let book: CachingStatementBook;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    wallMs: () => 0,
    sleep: () => Promise.reject(new Error("nobody waits here")),
  };

  beforeAll(loadModule);
  beforeEach(() => {
    nowMs = 1000;
    parser = new CountingParser();
    book = new CachingStatementBook(clock, parser);
    book.use(factsWith({}));
  });

  const bytesOf = (text: string | Buffer): Buffer => Buffer.from(text);
  const known = (text: string | Buffer, reading: Reading = usual): Statement | undefined =>
    book.known(bytesOf(text), 0, bytesOf(text).length, reading);
  const learn = (text: string | Buffer, reading: Reading = usual): Promise<Statement> =>
    book.learn(bytesOf(text), 0, bytesOf(text).length, reading);

  test("knows a text after it has learned one that differs in its constants", async () => {
    expect(known("select a from t where id = 1")).toBeUndefined();
    const learned = await learn("select a from t where id = 1");
    expect(learned.place).toBe("anywhere");
    expect(known("SELECT a FROM t WHERE id = 2")).toBe(learned);
    expect(Object.isFrozen(learned)).toBe(true);
  });

  test("asks the parser once for texts that are alike", async () => {
    await Promise.all([learn("select 1"), learn("select 2"), learn("select 3")]);
    expect(parser.asked).toEqual(["select 1"]);
  });

  test("knows how transactions begin and end before it has learned anything", () => {
    for (const text of [
      "BEGIN",
      "begin;",
      "START TRANSACTION",
      "commit",
      "END;",
      "rollback",
      "abort",
    ]) {
      expect(known(text)?.effects).toHaveLength(1);
    }
    expect(known("begin read only")).toBeUndefined();
  });

  test("what it knows by heart is what the parser says", async () => {
    for (const text of [
      "begin",
      "begin transaction",
      "start transaction",
      "commit",
      "end",
      "rollback",
      "abort",
    ]) {
      const byHeart = known(text);
      // Another key, the same statement.
      const { because: _, ...read } = await learn(`${text} ;`);
      expect(byHeart).toMatchObject(read);
    }
  });

  test("sends everything that names anything to the writer until it has facts", async () => {
    book = new CachingStatementBook(clock, parser);
    for (const text of ["select f()", "select a from t", "select 1 + 1", "select 1::int"]) {
      expect((await learn(text)).place).toBe("writer");
    }
    expect((await learn("select 1")).place).toBe("anywhere");
    book.use(factsWith({}));
    expect(known("select f()")?.place).toBe("anywhere");
    expect(parser.asked).toHaveLength(5);
  });

  test("judges again what it knows when the facts change, without parsing it again", async () => {
    expect((await learn("select f()")).place).toBe("anywhere");
    book.use(factsWith({ volatileFunctions: new Set(["f"]) }));
    expect(known("select f()")).toMatchObject({ place: "writer", because: "f() is volatile" });
    book.use(factsWith({ opaqueFunctions: new Set(["f"]) }));
    expect(known("select f()")).toMatchObject({ place: "writer", effects: [{ kind: "opaque" }] });
    expect(parser.asked).toEqual(["select f()"]);
  });

  test("sends a text to the writer for ten minutes after a standby refused one like it", async () => {
    await learn("select f(1)");
    const refused = bytesOf("select f(2)");
    book.refused(refused, 0, refused.length);
    expect(known("select f(3)")).toMatchObject({ place: "writer", isReplayable: false });
    book.use(factsWith({}));
    nowMs += 599_999;
    expect(known("select f(3)")?.place).toBe("writer");
    nowMs += 1;
    expect(known("select f(3)")?.place).toBe("anywhere");
  });

  test("obeys the comment before a text, but never sends a write to a standby", async () => {
    book.use(factsWith({ volatileFunctions: new Set(["f"]) }));
    expect((await learn("/* leeward:writer */ select 1")).place).toBe("writer");
    expect(await learn("/* leeward:local */ select f()")).toMatchObject({
      place: "anywhere",
      isReplayable: false,
    });
    expect((await learn("/* leeward:local */ insert into t values (1)")).place).toBe("writer");
    expect((await learn("/* leeward:local */ select nobody_knows()")).place).toBe("writer");
  });

  test("forgets an answer that was not final", async () => {
    parser.isFinal = false;
    expect((await learn("select 1")).place).toBe("writer");
    parser.isFinal = true;
    expect((await learn("select 1")).place).toBe("anywhere");
  });

  const unlooked = { place: "writer", effects: [{ kind: "opaque" }], isPlain: false };

  test.each([
    ["invalid UTF-8", Buffer.from([...Buffer.from("select '"), 0xff, 0xfe, 39])],
    ["a zero", "select \0"],
    ["an open quote", "select 'a"],
    ["an open comment", "select /* a"],
    ["more than 64 KiB", `select '${"a".repeat(TEXT_BYTES_MAX)}'`],
    ["a million-element IN list", `select a in (${"1,".repeat(1_000_000)}1)`],
  ])("case 22: does not look into a text with %s, and knows that at once", (_, text) => {
    expect(known(text)).toMatchObject(unlooked);
  });

  test("case 22: does not look into a text whose bytes may mean something else", () => {
    expect(known("select 1", readingOf("SJIS", "on"))).toMatchObject(unlooked);
    expect(known("select '\\'", readingOf("UTF8", "off"))).toMatchObject(unlooked);
    expect(known("select 'é'", readingOf("LATIN1", "on"))).toMatchObject(unlooked);
  });

  test("case 22: reads a text of ASCII in any safe encoding", async () => {
    expect((await learn("select 1", readingOf("LATIN1", "on"))).place).toBe("anywhere");
  });

  test("case 22: takes names in other scripts, and ten kilobytes of white space", async () => {
    expect((await learn('select "größe", 名 from städte')).place).toBe("anywhere");
    expect((await learn(`select${" \t\n".repeat(3500)}1`)).place).toBe("anywhere");
    expect(known("select 2")?.place).toBe("anywhere");
    expect((await learn(`select a in (${"1,".repeat(30_000)}1)`)).place).toBe("anywhere");
    expect(known("select a in (5)")?.place).toBe("anywhere");
  });
});
