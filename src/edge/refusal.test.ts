import { expect, test } from "vitest";
import { badRequest, rawRefusal, refusalOfParser, renderRefusal, unavailable } from "./refusal.ts";

test("a refusal is JSON for programs and a page for people, which nothing can break out of", () => {
  const refusal = badRequest(400, "bad", "<b>&");
  expect(JSON.parse(renderRefusal(refusal, "*/*").body.toString())).toEqual({
    error: { status: 400, code: "bad", message: "<b>&" },
  });
  expect(renderRefusal(refusal, "text/html,*/*").body.toString()).toContain("<p>&lt;b>&amp;</p>");
});

test("only what was not sent, or may have been, carries a mark", () => {
  expect(renderRefusal(unavailable("x", "y"), undefined).headers).toContain("x-leeward-edge");
  expect(renderRefusal(badRequest(400, "x", "y"), undefined).headers).not.toContain(
    "x-leeward-edge",
  );
});

test("raw bytes are one whole answer that closes its connection", () => {
  const text = rawRefusal(refusalOfParser("HPE_HEADER_OVERFLOW")).toString();
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\nconnection: close\r\n/);
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
});
