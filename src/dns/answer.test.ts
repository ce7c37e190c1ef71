import { decode, encode, type DecodedPacket, type Packet } from "dns-packet";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { east, shop, trafficState, west, zoneSettings } from "../../test/zone-example.ts";
import { answerQuery, type Answer, type Transport } from "./answer.ts";
import { EncodedZone } from "./encoded-zone.ts";
import { viewZone } from "./zone-view.ts";

const zone = new EncodedZone(viewZone(zoneSettings(west), trafficState()));
const early = new EncodedZone(viewZone(zoneSettings(west), undefined));
const random = new SeededRandom(7);

type Reply = DecodedPacket & { readonly rcode: string };

const answer = (bytes: Buffer, transport: Transport = "udp", from = zone): Answer =>
  answerQuery(bytes, transport, { zone: from, random });

/** Through dns-packet's own reader, which did not write the pointers. */
function ask(name: string, type: string, more: Packet = {}, from = zone): Reply {
  const query = encode({
    type: "query",
    id: 4711,
    flags: 0x0100,
    questions: [{ name, type: type as "A" }],
    ...more,
  });
  const { bytes } = answer(query, "udp", from);
  return decode(bytes as Buffer) as Reply;
}

const opt = (changes: object = {}): Packet => ({
  additionals: [
    {
      type: "OPT",
      name: ".",
      udpPayloadSize: 4_096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
      ...changes,
    },
  ],
});

const records = (packet: Packet): readonly unknown[] =>
  (packet.answers ?? []).map((record) =>
    "data" in record ? [record.name, record.type, record.data] : record,
  );

const owners = (packet: Packet): readonly string[] =>
  (packet.authorities ?? []).map(({ name, type }) => `${name} ${type}`);

const soa = ["leeward.internal SOA"];

test("an alias is answered with what it leads to, in this view's addresses and for 1 s", () => {
  const reply = ask("orders.writer.leeward.internal", "A");
  expect(records(reply)).toEqual([
    ["orders.writer.leeward.internal", "CNAME", `gateway.${east}.leeward.internal`],
    [`gateway.${east}.leeward.internal`, "A", "127.7.2.101"],
  ]);
  expect(reply.answers?.map((record) => "ttl" in record && record.ttl)).toEqual([1, 1]);
  expect(reply).toMatchObject({
    id: 4711,
    rcode: "NOERROR",
    flag_aa: true,
    flag_rd: true,
    flag_ra: false,
    flag_tc: false,
  });
});

test("the case of a question is its asker's and comes back, and does not matter", () => {
  const name = "oRDers.WRIter.lEEward.InTernal";
  const reply = ask(name, "A");
  expect(reply.questions?.[0]?.name).toBe(name);
  expect(reply.answers?.[0]?.name).toBe(name);
  expect(reply.answers).toHaveLength(2);
});

test("an alias is all that its name has: other types get it and nothing more", () => {
  const aaaa = ask("orders.writer.leeward.internal", "AAAA");
  expect(records(aaaa)).toHaveLength(1);
  expect(aaaa.rcode).toBe("NOERROR");
  expect(owners(aaaa)).toEqual(soa);
  for (const type of ["CNAME", "ANY"]) {
    const reply = ask("orders.writer.leeward.internal", type);
    expect([type, records(reply).length, owners(reply)]).toEqual([type, 1, []]);
  }
});

test("the zone has its own records, and its serial is the revision", () => {
  const [record] = ask("leeward.internal", "SOA").answers ?? [];
  expect(record).toMatchObject({
    type: "SOA",
    data: {
      mname: "ns.leeward.internal",
      rname: "hostmaster.leeward.internal",
      serial: 12,
      minimum: 1,
    },
  });
  expect(records(ask("leeward.internal", "NS"))).toEqual([
    ["leeward.internal", "NS", "ns.leeward.internal"],
  ]);
  expect(records(ask("ns.leeward.internal", "A"))).toEqual([
    ["ns.leeward.internal", "A", "127.7.2.1"],
  ]);
  const [text] = ask("leeward.internal", "TXT").answers ?? [];
  expect(text?.type === "TXT" && String(text.data)).toBe(`view=${west},revision=12`);
  expect(records(ask("leeward.internal", "ANY"))).toHaveLength(1);
});

test("SRV tells the port", () => {
  const [record] = ask("_postgresql._tcp.orders.writer.leeward.internal", "SRV").answers ?? [];
  expect(record).toMatchObject({
    type: "SRV",
    data: { priority: 0, weight: 0, port: 6432, target: `gateway.${east}.leeward.internal` },
  });
});

test("a name that is not there, and a name that has nothing of a type, are told apart, with the SOA for both", () => {
  for (const [name, rcode] of [
    ["nobody.leeward.internal", "NXDOMAIN"],
    ["a.b.c.d.leeward.internal", "NXDOMAIN"],
    ["x.orders.writer.leeward.internal", "NXDOMAIN"],
    ["writer.leeward.internal", "NOERROR"],
    [`${east}.leeward.internal`, "NOERROR"],
    ["_tcp.orders.writer.leeward.internal", "NOERROR"],
    ["leeward.internal", "NOERROR"],
  ] as const) {
    const reply = ask(name, "AAAA");
    expect([name, reply.rcode, reply.flag_aa]).toEqual([name, rcode, true]);
    expect([name, records(reply), owners(reply)]).toEqual([name, [], soa]);
    const [authority] = reply.authorities ?? [];
    expect(authority && "ttl" in authority && authority.ttl).toBe(1);
  }
});

test("other zones, classes and transfers are refused, and no recursion is done", () => {
  const names = ["example.com", "internal", "xleeward.internal", "leeward.internal.com", "."];
  for (const name of names) {
    const reply = ask(name, "A");
    expect([name, reply.rcode, reply.flag_aa, reply.flag_ra]).toEqual([
      name,
      "REFUSED",
      false,
      false,
    ]);
    expect(records(reply)).toEqual([]);
  }
  expect(ask("leeward.internal", "AXFR").rcode).toBe("REFUSED");
  expect(ask("leeward.internal", "IXFR").rcode).toBe("REFUSED");
  const chaos = ask("leeward.internal", "TXT", {
    questions: [{ name: "leeward.internal", type: "TXT", class: "CH" }],
  });
  expect(chaos.rcode).toBe("REFUSED");
});

test("a label that holds a dot, or the bytes of the zone, is not the zone", () => {
  const inner = Buffer.from("\x07leeward\x08internal", "latin1");
  const disguised = Buffer.concat([
    Buffer.from([0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    Buffer.from([inner.length]),
    inner,
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  const { kind, bytes } = answer(disguised);
  expect([kind, (bytes?.[3] ?? 0) & 0x0f]).toEqual(["refused", 5]);
  const dotted = encode({ type: "query", id: 1, questions: [{ name: "a.b", type: "A" }] });
  const one = Buffer.concat([
    dotted.subarray(0, 12),
    Buffer.from("\x0dorders.writer\x07leeward\x08internal\0\0\x01\0\x01", "latin1"),
  ]);
  expect((answer(one).bytes?.[3] ?? 0) & 0x0f).toBe(3);
});

test("names that depend on what nobody has said yet fail, the others answer", () => {
  const reply = ask("orders.writer.leeward.internal", "A", {}, early);
  expect([reply.rcode, reply.flag_aa, records(reply)]).toEqual(["SERVFAIL", false, []]);
  expect(ask("shop.leeward.internal", "A", {}, early).rcode).toBe("SERVFAIL");
  expect(ask("nobody.leeward.internal", "A", {}, early).rcode).toBe("NXDOMAIN");
  expect(records(ask(`gateway.${east}.leeward.internal`, "A", {}, early))).toHaveLength(1);
});

test("EDNS is answered with what this server takes, and a newer version by name", () => {
  const reply = ask("leeward.internal", "NS", opt({ flags: 0x80_00 }));
  expect(reply.additionals).toMatchObject([
    { type: "OPT", name: ".", udpPayloadSize: 1_232, ednsVersion: 0, flag_do: true },
  ]);
  expect(ask("leeward.internal", "NS").additionals).toEqual([]);
  const newer = ask("leeward.internal", "NS", opt({ ednsVersion: 1 }));
  expect(newer.additionals).toMatchObject([{ type: "OPT", extendedRcode: 1, ednsVersion: 0 }]);
  expect([newer.rcode, records(newer)]).toEqual(["NOERROR", []]);
  const refused = ask("example.com", "A", opt());
  expect([refused.rcode, refused.additionals?.length]).toEqual(["REFUSED", 1]);
});

test("what has no room is marked as truncated by UDP, and whole by TCP", () => {
  const texts = Array.from({ length: 6 }, (_, index) => String(index).repeat(250));
  const view = viewZone(zoneSettings(west), trafficState());
  const nodes = new Map(view.nodes).set("long.leeward.internal", {
    kind: "records",
    records: [{ type: "TXT", texts }],
  });
  const wide = new EncodedZone({ ...view, nodes });
  const question = { questions: [{ name: "long.leeward.internal", type: "TXT" as const }] };
  for (const [more, transport, isWhole] of [
    [{}, "udp", false],
    [opt(), "udp", false],
    [{}, "tcp", true],
    [opt(), "tcp", true],
  ] as const) {
    const { bytes } = answer(encode({ type: "query", ...question, ...more }), transport, wide);
    const reply = decode(bytes as Buffer);
    expect([reply.flag_tc, reply.answers?.length]).toEqual([!isWhole, isWhole ? 1 : 0]);
    expect(reply.additionals).toHaveLength("additionals" in more ? 1 : 0);
    expect(reply.questions).toHaveLength(1);
  }
  const three = new EncodedZone({
    ...view,
    nodes: new Map(view.nodes).set("long.leeward.internal", {
      kind: "records",
      records: [{ type: "TXT", texts: texts.slice(0, 4) }],
    }),
  });
  const sized = (udpPayloadSize: number): DecodedPacket => {
    const query = encode({ type: "query", ...question, ...opt({ udpPayloadSize }) });
    return decode(answer(query, "udp", three).bytes as Buffer);
  };
  expect(sized(1_232).flag_tc).toBe(false);
  expect(sized(1_000).flag_tc).toBe(true);
  // Less than every client takes is nobody's wish.
  expect(sized(1).flag_tc).toBe(true);
});

test("responses are dropped, other operations and what cannot be read are answered by a header", () => {
  const query = encode({ type: "query", id: 9, questions: [{ name: "a.b", type: "A" }] });
  const changed = (change: (bytes: Buffer) => void): readonly unknown[] => {
    const bytes = Buffer.from(query);
    change(bytes);
    const reply = answer(bytes);
    return [reply.kind, reply.bytes?.length, reply.bytes && (reply.bytes[3] ?? 0) & 0x0f];
  };
  expect(changed((bytes) => bytes.writeUInt8(0x80, 2))).toEqual([
    "malformed",
    undefined,
    undefined,
  ]);
  expect(changed((bytes) => bytes.writeUInt8(0x28, 2))).toEqual(["refused", 12, 4]);
  for (const questions of [0, 2, 65_535]) {
    expect(changed((bytes) => bytes.writeUInt16BE(questions, 4))).toEqual(["malformed", 12, 1]);
  }
  expect(changed((bytes) => bytes.writeUInt16BE(1, 10))).toEqual(["malformed", 12, 1]);
  expect(changed((bytes) => bytes.writeUInt16BE(0xc0_0c, 12))).toEqual(["malformed", 12, 1]);
  expect(changed((bytes) => bytes.writeUInt8(64, 12))).toEqual(["malformed", 12, 1]);
  expect(answer(Buffer.concat([query, Buffer.from([1])])).kind).toBe("malformed");
  for (const length of [0, 1, 2, 3])
    expect(answer(query.subarray(0, length)).bytes).toBe(undefined);
  for (let length = 4; length < query.length; length += 1) {
    const reply = answer(query.subarray(0, length));
    expect([length, reply.kind, reply.bytes?.readUInt16BE(0)]).toEqual([length, "malformed", 9]);
  }
});

test("two OPT records, one in a wrong place, and one that is asked for are malformed", () => {
  const [record] = opt().additionals ?? [];
  const question: Packet = { questions: [{ name: "leeward.internal", type: "NS" }] };
  const twice = record === undefined ? [] : [record, record];
  const packets: readonly Packet[] = [
    { ...question, additionals: twice },
    { ...question, answers: twice.slice(1) },
    { questions: [{ name: "leeward.internal", type: "OPT" }] },
  ];
  for (const packet of packets) expect(answer(encode(packet)).kind).toBe("malformed");
});

test("a shared name leads each asker to one of its Regions, as often as it is weighted", () => {
  const weights = [1, 2, 1];
  const state = trafficState();
  const regions = state.regions.map((one, index) => ({ ...one, weight: weights[index] ?? 0 }));
  const shared = new EncodedZone(
    viewZone(zoneSettings(west, "weighted"), trafficState({ regions })),
  );
  const seen = new Map<unknown, number>();
  for (let count = 0; count < 4_000; count += 1) {
    const reply = ask(`${shop}.leeward.internal`, "A", {}, shared);
    expect(reply.answers).toHaveLength(2);
    const [first] = records(reply) as (readonly unknown[])[];
    seen.set(first?.[2], (seen.get(first?.[2]) ?? 0) + 1);
  }
  expect([...seen.keys()]).toHaveLength(3);
  expect((seen.get(`edge.${west}.leeward.internal`) ?? 0) / 4_000).toBeCloseTo(0.5, 1);
});

const plain = encode({
  type: "query",
  id: 77,
  flags: 0x0100,
  questions: [{ name: "orders.writer.leeward.internal", type: "A" }],
  ...opt({ options: [{ code: 12, length: 20 }] }),
});

/** A good packet with some octets changed, cut, or put in. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(plain.length),
      octets: fc.uint8Array({ maxLength: 4 }),
      remove: fc.nat(8),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((changes) =>
    changes.reduce(
      (bytes, { at, octets, remove }) =>
        Buffer.concat([bytes.subarray(0, at), octets, bytes.subarray(at + remove)]),
      plain,
    ),
  );

const anyBytes = fc.uint8Array({ maxLength: 600 }).map((octets) => Buffer.from(octets));

test("whatever comes is answered or dropped: never a throw, never an answer to an answer, never too long", () => {
  fc.assert(
    fc.property(fc.oneof(mutated, anyBytes), fc.constantFrom("udp", "tcp"), (packet, transport) => {
      const before = Buffer.from(packet);
      const { kind, bytes } = answer(packet, transport as Transport);
      expect(packet.equals(before)).toBe(true);
      if (bytes === undefined) return kind === "malformed";
      const isResponse = ((bytes[2] ?? 0) & 0x80) !== 0;
      const isToQuery = ((packet[2] ?? 0) & 0x80) === 0;
      const isRead = kind === "malformed" || decode(bytes).flag_qr;
      return (
        isResponse &&
        isToQuery &&
        isRead &&
        bytes.length <= 1_232 &&
        bytes.readUInt16BE(0) === packet.readUInt16BE(0)
      );
    }),
    { numRuns: 20_000 },
  );
});
