import { expect, test } from "vitest";
import { readResponseHead } from "./response-head.ts";

const raw = (...fields: string[]): Buffer[] => fields.map((field) => Buffer.from(field, "latin1"));

test("an answer keeps its order, its repeated headers and every byte of its values", () => {
  const { headers } = readResponseHead(
    raw("Set-Cookie", "a=1", "X", "caf\xe9", "set-cookie", "b=2"),
  );
  expect(headers).toEqual(["set-cookie", "a=1", "x", "caf\xe9", "set-cookie", "b=2"]);
});

test("what was meant for one connection, and the edge's own words, are taken out", () => {
  const { headers, contentLength, mark } = readResponseHead(
    raw(
      "Connection",
      "keep-alive, X-Hop",
      "X-Hop",
      "1",
      "Keep-Alive",
      "timeout=5",
      "X-Leeward-Region",
      "forged",
      "X-Leeward-Edge",
      "lost",
      "Content-Length",
      "7",
    ),
  );
  expect(headers).toEqual(["content-length", "7"]);
  expect([contentLength, mark]).toEqual([7, "lost"]);
});

test("a mark that no edge makes is none", () => {
  expect(readResponseHead(raw("x-leeward-edge", "anything")).mark).toBeUndefined();
});

test("a length beside chunks is not passed on", () => {
  const head = readResponseHead(
    raw("Content-Length", "3", "Transfer-Encoding", "chunked", "X", "1"),
  );
  expect(head).toEqual({ headers: ["x", "1"], contentLength: undefined, mark: undefined });
});
