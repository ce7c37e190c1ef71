import { describe, expect, test } from "vitest";
import {
  firstBy,
  longestGap,
  secondWriters,
  type Acknowledgement,
  type WriteLog,
} from "./write-log.ts";

/** `a0 b7`: server a at 0 ms, server b at 7 ms. */
function logOf(text: string): WriteLog {
  const acknowledged = text.split(" ").map((word, id): Acknowledgement => {
    const ackMs = Number(word.slice(1));
    return { id, host: word.slice(0, 1), sentMs: ackMs - 1, ackMs, ackWallMs: ackMs };
  });
  return { acknowledged, failed: [] };
}

describe("the longest gap", () => {
  test("is between neighbours, wherever the writer is", () => {
    expect(longestGap(logOf("a0 a5 b700 b705"))).toMatchObject({
      ms: 695,
      from: { id: 1 },
      to: { id: 2 },
    });
    expect(longestGap(logOf("a0 a900 b1000"))).toMatchObject({ ms: 900 });
  });

  test("is not known from one acknowledgement", () => {
    expect(() => longestGap(logOf("a0"))).toThrow("fewer than two");
  });
});

describe("two writers", () => {
  test("are not seen in a move from one to another", () => {
    expect(secondWriters(logOf("a0 a5 b700 b705"))).toEqual([]);
  });

  test("are seen when the old one acknowledges once more", () => {
    expect(secondWriters(logOf("a0 b700 a701 b705 a800"))).toMatchObject([
      { ackMs: 701 },
      { ackMs: 800 },
    ]);
  });

  test("are seen among three", () => {
    expect(secondWriters(logOf("a0 b1 c2 b3 a4"))).toMatchObject([{ host: "b" }, { host: "a" }]);
  });
});

test("the first acknowledgement of a server that gave none is an error", () => {
  expect(firstBy(logOf("a0 b7 b9"), "b").ackMs).toBe(7);
  expect(() => firstBy(logOf("a0"), "b")).toThrow("b acknowledged nothing");
});
