import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { clock, silent } from "../../test/postgres/scratch.ts";
import type { Clock } from "../env/env.ts";
import { ParserThread } from "./parser-thread.ts";

/** As the real one speaks, and ends or hangs when it is told to. */
const program = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ text }) => {
  if (text === "die") process.exit(3);
  if (text === "throw") throw new Error("planted");
  if (text === "hang") for (;;);
  parentPort.postMessage({ kind: "refused", because: text });
});
parentPort.postMessage({ kind: "ready" });`;

const planted = (): Worker => new Worker(program, { eval: true });
const stillborn = (): Worker => new Worker("process.exit(1)", { eval: true });

describe("the parser thread", () => {
  let parser: ParserThread;
  afterEach(async () => parser.close());

  test("parses with PostgreSQL's grammar", async () => {
    parser = new ParserThread(clock, silent);
    expect(await parser.parse("insert into t values (1)")).toMatchObject({
      isFinal: true,
      uses: { place: "writer", count: 1, effects: [], relations: ["t"] },
    });
    expect(await parser.parse("")).toMatchObject({ uses: { count: 0, place: "anywhere" } });
  });

  test("case 23: what the grammar refuses goes to the writer, whose own error the client gets", async () => {
    parser = new ParserThread(clock, silent);
    const { uses, isFinal } = await parser.parse("selec 1");
    expect(uses).toMatchObject({ place: "writer", because: 'syntax error at or near "selec"' });
    expect(isFinal).toBe(true);
  });

  test.each([
    ["20,000 nested parentheses", `select ${"(".repeat(20_000)}1${")".repeat(20_000)}`],
    ["a chain of 15,000 terms", `select 1${" + 1".repeat(15_000)}`],
    ["6,000 statements", "select 1;".repeat(6000)],
    ["a byte order mark", "\u{feff}select 1"],
  ])("survives %s, and parses the next text", async (_, text) => {
    parser = new ParserThread(clock, silent);
    expect((await parser.parse(text)).isFinal).toBe(true);
    expect((await parser.parse("select 1")).uses.place).toBe("anywhere");
  });

  test.each(["die", "throw"])(
    "a text that ends the thread (%s) is given up, the next one is answered",
    async (text) => {
      parser = new ParserThread(clock, silent, planted);
      expect((await parser.parse("first")).uses.because).toBe("first");
      const [dead, next] = await Promise.all([parser.parse(text), parser.parse("next")]);
      expect(dead).toMatchObject({
        isFinal: true,
        uses: { place: "writer", effects: [{ kind: "opaque" }] },
      });
      expect(next.uses.because).toBe("next");
    },
  );

  test("a thread that ended while nothing was asked of it is replaced", async () => {
    const workers: Worker[] = [];
    parser = new ParserThread(clock, silent, () => {
      const worker = planted();
      workers.push(worker);
      return worker;
    });
    await parser.parse("first");
    await workers[0]?.terminate();
    expect((await parser.parse("next")).uses.because).toBe("next");
    expect(workers).toHaveLength(2);
  });

  test("a thread that cannot be made answers all the same", async () => {
    parser = new ParserThread(clock, silent, () => {
      throw new Error("planted");
    });
    expect(await parser.parse("a")).toMatchObject({ isFinal: false, uses: { place: "writer" } });
  });

  test("a text that hangs is given up, the next one is answered", async () => {
    const hasty: Clock = { ...clock, sleep: (ms, signal) => clock.sleep(ms / 10, signal) };
    parser = new ParserThread(hasty, silent, planted);
    const [hung, next] = await Promise.all([parser.parse("hang"), parser.parse("next")]);
    expect(hung).toMatchObject({ isFinal: true, uses: { place: "writer" } });
    expect(next.uses.because).toBe("next");
  });

  test("a thread that cannot start is not started for every text", async () => {
    let nowMs = 0;
    let starts = 0;
    const counted = (): Worker => {
      starts += 1;
      return stillborn();
    };
    parser = new ParserThread({ ...clock, monotonicMs: () => nowMs }, silent, counted);
    for (let index = 0; index < 5; index += 1) {
      expect(await parser.parse("a")).toMatchObject({ isFinal: false, uses: { place: "writer" } });
    }
    expect(starts).toBe(1);
    nowMs = 5000;
    await parser.parse("a");
    expect(starts).toBe(2);
  });

  test("more texts than may wait go to the writer at once", async () => {
    parser = new ParserThread(clock, silent, planted);
    const answers = await Promise.all(
      Array.from({ length: 1500 }, (_, index) => parser.parse(`text ${index}`)),
    );
    // One is with the thread, and a thousand wait.
    expect(answers.filter(({ isFinal }) => !isFinal)).toHaveLength(499);
  });

  test("closing answers everybody who waits", async () => {
    parser = new ParserThread(clock, silent, planted);
    const waiting = Promise.all([parser.parse("hang"), parser.parse("next")]);
    await parser.close();
    expect((await waiting).every(({ isFinal }) => !isFinal)).toBe(true);
    expect((await parser.parse("later")).isFinal).toBe(false);
  });
});
