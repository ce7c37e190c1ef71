import { decode, encode, type Packet } from "dns-packet";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeQuestion, readReply } from "./reply.ts";

const name = "orders.writer.leeward.internal";
const question = [{ type: "A" as const, name }];

const reply = (packet: Packet, rcode = 0): Buffer => {
  const bytes = encode({ type: "response", id: 7, questions: question, ...packet });
  bytes[3] = (bytes[3] ?? 0) | rcode;
  return bytes;
};

test("a question asks for one address", () => {
  const packet = decode(encodeQuestion(name, 515));
  expect([packet.id, packet.type, packet.questions]).toEqual([
    515,
    "query",
    [{ name, type: "A", class: "IN" }],
  ]);
});

test("aliases are followed in their order, whatever theirs in the packet, and others' records ignored", () => {
  const bytes = reply({
    answers: [
      { type: "A", name: "Gateway.example", data: "127.0.0.2", ttl: 1 },
      { type: "A", name: "other.example", data: "127.0.0.9", ttl: 1 },
      { type: "CNAME", name: "ORDERS.writer.leeward.internal", data: "gateway.example", ttl: 2 },
    ],
  });
  expect(readReply(bytes, name, 7)).toEqual({
    kind: "answered",
    address: "127.0.0.2",
    chain: [
      {
        name: "ORDERS.writer.leeward.internal",
        type: "CNAME",
        data: "gateway.example",
        ttlSeconds: 2,
      },
      { name: "Gateway.example", type: "A", data: "127.0.0.2", ttlSeconds: 1 },
    ],
  });
});

test("aliases in a circle end", () => {
  const bytes = reply({
    answers: [
      { type: "CNAME", name, data: "b.example" },
      { type: "CNAME", name: "b.example", data: name },
    ],
  });
  const read = readReply(bytes, name, 7);
  expect(read.kind === "answered" && [read.chain.length, read.address]).toEqual([8, undefined]);
});

test("what answers another question, or is a question itself, is no reply", () => {
  expect(readReply(reply({}), name, 8)).toEqual({ kind: "other" });
  expect(readReply(reply({}), "other.example", 7)).toEqual({ kind: "other" });
  expect(readReply(reply({ questions: [{ type: "AAAA", name }] }), name, 7).kind).toBe("other");
  expect(readReply(encodeQuestion(name, 7), name, 7)).toEqual({ kind: "other" });
});

test("codes are told apart, and a cut answer is none", () => {
  expect(readReply(reply({}, 3), name, 7)).toEqual({ kind: "no-such-name" });
  expect(readReply(reply({}, 2), name, 7)).toEqual({ kind: "failed", rcode: 2 });
  expect(readReply(reply({ questions: [] }, 1), name, 7)).toEqual({ kind: "failed", rcode: 1 });
  expect(readReply(reply({ flags: 0x02_00 }), name, 7)).toEqual({ kind: "truncated" });
  expect(readReply(reply({}), name, 7)).toMatchObject({ kind: "answered", chain: [] });
});

test("no bytes make it throw", () => {
  const good = reply({ answers: [{ type: "CNAME", name, data: "b.example", ttl: 1 }] });
  const change = fc.record({ at: fc.nat(good.length - 1), octet: fc.nat(255), cut: fc.nat(200) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      let bytes = Buffer.from(good);
      for (const { at, octet, cut } of changes) {
        if (at < bytes.length) bytes[at] = octet;
        bytes = bytes.subarray(0, Math.max(cut, 1));
      }
      expect(readReply(bytes, name, 7).kind).toMatch(/^[a-z-]+$/);
    }),
    { numRuns: 10_000 },
  );
});
