import fc from "fast-check";
import { expect, test } from "vitest";
import { readRequestHead, type HeadAnswer, type RequestHead } from "./request-head.ts";

const client = { address: "127.0.1.9", isBelieved: false };

const read = (
  rawHeaders: readonly string[],
  change: Partial<{ method: string; url: string; httpVersion: string; isBelieved: boolean }> = {},
): HeadAnswer => {
  const { isBelieved = false, ...raw } = change;
  const plain = { method: "GET", url: "/", httpVersion: "1.1", rawHeaders };
  return readRequestHead({ ...plain, ...raw }, { ...client, isBelieved });
};

function headOf(answer: HeadAnswer): RequestHead {
  if (answer.kind === "refused") throw new Error(answer.refusal.message);
  return answer.head;
}

const refusedWith = (answer: HeadAnswer): number | undefined =>
  answer.kind === "refused" ? answer.refusal.status : undefined;

function field({ headers }: RequestHead, name: string): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

test("headers go on in their order and spelling, repeated ones too", () => {
  const { headers } = headOf(read(["Host", "a", "X-B", "1", "cookie", "x", "X-b", "2"]));
  expect(headers.slice(0, 6)).toEqual(["X-B", "1", "cookie", "x", "X-b", "2"]);
});

test("what Connection names does not go on, whoever wrote it and however", () => {
  const head = headOf(
    read(["Host", "a", "X-A", "1", "Connection", "close , x-a,X-B", "x-b", "2", "X-C", "3"]),
  );
  expect([field(head, "x-a"), field(head, "x-b"), field(head, "x-c")]).toEqual([[], [], ["3"]]);
  expect(field(head, "connection")).toEqual([]);
});

test("Connection cannot take the host away, nor what the edge says of the client", () => {
  const head = headOf(
    read([
      "Host",
      "a",
      "Connection",
      "host, x-forwarded-for, content-length",
      "Content-Length",
      "2",
    ]),
  );
  expect([field(head, "host"), field(head, "content-length")]).toEqual([["a"], ["2"]]);
  expect(field(head, "x-forwarded-for")).toEqual(["127.0.1.9"]);
});

test("what a client says of others is replaced, or kept and continued where it is believed", () => {
  const claims = [
    "Host",
    "a",
    "X-Forwarded-For",
    "6.6.6.6",
    "X-Forwarded-Proto",
    "https",
    "X-Forwarded-Host",
    "evil",
    "Forwarded",
    "for=x",
    "X-Real-IP",
    "6",
  ];
  const doubted = headOf(read(claims));
  expect(field(doubted, "x-forwarded-for")).toEqual(["127.0.1.9"]);
  expect(field(doubted, "x-forwarded-proto")).toEqual(["http"]);
  expect(field(doubted, "x-forwarded-host")).toEqual(["a"]);
  expect([...field(doubted, "forwarded"), ...field(doubted, "x-real-ip")]).toEqual([]);
  const believed = headOf(read(claims, { isBelieved: true }));
  expect(field(believed, "x-forwarded-for")).toEqual(["6.6.6.6, 127.0.1.9"]);
  expect(field(believed, "x-forwarded-proto")).toEqual(["https"]);
  expect(field(believed, "x-forwarded-host")).toEqual(["evil"]);
});

test("an absolute target becomes a path, and its authority the host", () => {
  const at = (url: string): readonly (string | undefined)[] => {
    const { path, host } = headOf(read(["Host", "a"], { url }));
    return [path, host];
  };
  expect(at("http://b:81/x?y")).toEqual(["/x?y", "b:81"]);
  expect(at("HTTP://b")).toEqual(["/", "b"]);
  expect(at("http://b?y")).toEqual(["/?y", "b"]);
});

test.for([
  [["Host", "a", "Content-Length", "3", "Transfer-Encoding", "chunked"], 400],
  [["Host", "a", "Transfer-Encoding", "gzip, chunked"], 501],
  [["Host", "a", "Content-Length", "3, 3"], 413],
  [["Host", "a", "Content-Length", "1e3"], 413],
  [["Host", "a", "host", "a"], 400],
  [["Host", "a b"], 400],
  [[], 400],
] as const)("%o is refused with %i", ([headers, status]) => {
  expect(refusedWith(read(headers, { method: "POST" }))).toBe(status);
});

test("HTTP/1.0 needs no host, and knows no chunks", () => {
  expect(read([], { httpVersion: "1.0" }).kind).toBe("head");
  expect(refusedWith(read(["Transfer-Encoding", "chunked"], { httpVersion: "1.0" }))).toBe(400);
});

test("a WebSocket is passed on; HTTP/2, and what Connection does not name, is not asked for", () => {
  const upgrade = (protocol: string, connection = "Upgrade"): string | undefined =>
    headOf(read(["Host", "a", "Connection", connection, "Upgrade", protocol])).upgrade;
  expect(upgrade("websocket", "keep-alive, Upgrade")).toBe("websocket");
  expect(upgrade("h2c")).toBeUndefined();
  expect(upgrade("websocket", "keep-alive")).toBeUndefined();
  expect(upgrade("a\r\nb")).toBeUndefined();
});

test("whatever the headers are, exactly one host and one client go on, and nothing of one connection", () => {
  const name = fc.constantFrom(
    "Connection",
    "Keep-Alive",
    "TE",
    "Upgrade",
    "Expect",
    "Trailer",
    "X-A",
    "Forwarded",
    "X-Forwarded-For",
    "Proxy-Connection",
  );
  const value = fc.constantFrom(
    "close",
    "x-a",
    "upgrade, x-a",
    "host",
    "websocket",
    "100-continue",
    "1.1.1.1",
    "",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (pairs) => {
      const head = headOf(read(["Host", "a", ...pairs.flat()]));
      expect([field(head, "host"), field(head, "x-forwarded-for")]).toEqual([["a"], ["127.0.1.9"]]);
      for (const hop of [
        "connection",
        "keep-alive",
        "upgrade",
        "expect",
        "trailer",
        "proxy-connection",
        "forwarded",
      ]) {
        expect(field(head, hop)).toEqual([]);
      }
    }),
  );
});

test.for(["X-Forwarded-User", "x-forwarded-ssl", "X_Forwarded_For", "X_Real_IP"])(
  "%s is a claim like the others",
  (name) => {
    const head = headOf(read(["Host", "a", name, "evil"]));
    expect(head.headers).not.toContain("evil");
  },
);

test("a name with an underscore that means nothing to the edge goes on, and so does a claim that is believed", () => {
  expect(field(headOf(read(["Host", "a", "my_header", "1"])), "my_header")).toEqual(["1"]);
  const head = headOf(read(["Host", "a", "X-Forwarded-User", "u"], { isBelieved: true }));
  expect(field(head, "x-forwarded-user")).toEqual(["u"]);
});

test("an encoding in a header before the one that says chunked is not forgotten", () => {
  const fields = ["Host", "a", "Transfer-Encoding", "gzip", "Transfer-Encoding", "chunked"];
  expect(refusedWith(read(fields, { method: "POST" }))).toBe(501);
});
