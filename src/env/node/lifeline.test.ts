import { duplexPair, type Duplex } from "node:stream";
import { once } from "node:events";
import { beforeEach, expect, test } from "vitest";
import type { Json } from "../env.ts";
import { Lifeline } from "./lifeline.ts";

let far: Duplex;
let line: Lifeline;
let heard: Json[];

beforeEach(() => {
  const [near, other] = duplexPair();
  far = other;
  heard = [];
  line = new Lifeline(near, (message) => heard.push(message));
});

const cut = async (): Promise<void> => {
  if (!line.cut.aborted) await once(line.cut, "abort");
};

test("messages are lines, also when they come in pieces", async () => {
  far.write('{"kind":"a"}\n{"ki');
  far.write('nd":"b"}\n');
  far.end();
  await cut();
  expect(heard).toEqual([{ kind: "a" }, { kind: "b" }]);
});

test("the end of the other side is noticed, and what is said afterwards is dropped", async () => {
  far.end();
  await cut();
  line.send({ kind: "stop" });
  expect(heard).toEqual([]);
});

test("an error of the stream is the end of the line, and no crash", async () => {
  const [near] = duplexPair();
  line = new Lifeline(near, () => undefined);
  near.destroy(new Error("read ECONNRESET"));
  await cut();
  expect(line.cut.aborted).toBe(true);
});

test("who says what is no JSON, or far too much, is hung up on", async () => {
  far.write("hello\n");
  await cut();
  expect(heard).toEqual([]);
  const [near, other] = duplexPair();
  line = new Lifeline(near, (message) => heard.push(message));
  other.write(`"${"x".repeat(2 ** 20)}"\n`);
  await cut();
  expect(heard).toEqual([]);
});
