/**
 * A zone view with its answers written out, so that a query costs one look-up and one copy. Each name is written when it
 * is first asked for: a large world changes in a moment, and few of its names are asked for. dns-packet writes the
 * records; what it cannot do is compression, and that is simple here: the first record belongs to the name of the
 * question, the one behind a CNAME to that CNAME's target, and the SOA to the end of the question's name.
 */
import { encode, type Answer as PacketRecord } from "dns-packet";
import { assert } from "../std/assert.ts";
import { headerBytes, rcodes, types, type Rcode } from "./codes.ts";
import { nameKey } from "./wire-name.ts";
import { ttlSeconds, type ZoneNode, type ZoneRecord, type ZoneView } from "./zone-record.ts";

/** What stands behind the question. */
export type Sections = {
  readonly rcode: Rcode;
  readonly answers: number;
  readonly authorities: number;
  readonly bytes: Buffer;
};

/** What one name answers, by the type that is asked for. */
export type EncodedName = {
  readonly byType: ReadonlyMap<number, Sections>;
  readonly otherwise: Sections;
};

export type EncodedNode =
  | { readonly kind: "one"; readonly name: EncodedName }
  /** The first whose `upTo` is above what was drawn from [0, 1). */
  | {
      readonly kind: "shared";
      readonly names: readonly { readonly upTo: number; readonly name: EncodedName }[];
    };

const serverFailure: EncodedName = {
  byType: new Map(),
  otherwise: { rcode: rcodes.serverFailure, answers: 0, authorities: 0, bytes: Buffer.alloc(0) },
};

export class EncodedZone {
  /** Of the zone itself; see `wire-name.ts`. */
  readonly key: string;
  /** The SOA behind its owner, for names that do not exist. */
  readonly soa: Buffer;
  readonly #view: ZoneView;
  readonly #nodes: ReadonlyMap<string, ZoneNode>;
  /** At most one for each name of the view: what does not exist is not kept. */
  readonly #encoded = new Map<string, EncodedNode>();

  constructor(view: ZoneView) {
    const apex = view.nodes.get(view.zone);
    const soa = apex?.kind === "records" && apex.records.find(({ type }) => type === "SOA");
    assert(soa !== false && soa !== undefined, "a zone has an SOA");
    this.key = nameKey(view.zone);
    this.soa = encodeRecord(soa, view.serial);
    this.#view = view;
    this.#nodes = new Map([...view.nodes].map(([name, node]) => [nameKey(name), node]));
  }

  /** Undefined: there is no such name. */
  find(key: string): EncodedNode | undefined {
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    const { key: zone, soa } = this;
    const around = { view: this.#view, nameBytes: key.length, zoneBytes: zone.length, soa };
    const encoded = encodeNode(around, node);
    this.#encoded.set(key, encoded);
    return encoded;
  }
}

/** The SOA's owner is the end of the question's name. */
export function soaOwner(nameBytes: number, zoneBytes: number): number {
  return headerBytes + nameBytes - zoneBytes;
}

/** RFC 1035, 4.1.4: the rest of a name is `offset` octets behind the packet's start. */
export function writePointer(into: Buffer, at: number, offset: number): void {
  into.writeUInt16BE(0xc0_00 | offset, at);
}

/** What the answers of one name need to know. */
type Around = {
  readonly view: ZoneView;
  readonly nameBytes: number;
  readonly zoneBytes: number;
  readonly soa: Buffer;
};

function encodeNode(around: Around, node: ZoneNode): EncodedNode {
  switch (node.kind) {
    case "records":
      return { kind: "one", name: encodeName(around, node.records) };
    case "unknown":
      return { kind: "one", name: serverFailure };
    case "shared": {
      let upTo = 0;
      const names = node.shares.map(({ share, records }) => {
        upTo += share;
        return { upTo, name: encodeName(around, records) };
      });
      return { kind: "shared", names };
    }
  }
}

function encodeName(around: Around, records: readonly ZoneRecord[]): EncodedName {
  const [cname] = records.flatMap((record) => (record.type === "CNAME" ? [record] : []));
  if (cname !== undefined) return encodeAlias(around, cname);
  const byType = new Map<number, Sections>();
  for (const record of records) byType.set(types[record.type], encodeSet(around, records, record));
  const [first] = records;
  // RFC 8482: who asks for everything gets something.
  if (first !== undefined) byType.set(types.ANY, encodeSet(around, records, first));
  return { byType, otherwise: noData(around, [], around.nameBytes) };
}

/** All records of one type. */
function encodeSet(around: Around, records: readonly ZoneRecord[], { type }: ZoneRecord): Sections {
  const { serial } = around.view;
  const pieces = records
    .filter((record) => record.type === type)
    .map((record) => owned(headerBytes, encodeRecord(record, serial)));
  return good(pieces);
}

/** The target is in this zone, and is no alias: gateways and entries have addresses. */
function encodeAlias(
  around: Around,
  cname: Extract<ZoneRecord, { readonly type: "CNAME" }>,
): EncodedName {
  const { view, nameBytes } = around;
  const target = view.nodes.get(cname.target);
  assert(target?.kind === "records", `${cname.target} is a name of this zone with records`);
  const alias = owned(headerBytes, encodeRecord(cname, view.serial));
  // Behind header, question with type and class, and the alias's own owner and head stands the target's name.
  const targetAt = headerBytes + nameBytes + 4 + aliasHeadBytes;
  const byType = new Map<number, Sections>([
    [types.CNAME, good([alias])],
    [types.ANY, good([alias])],
  ]);
  for (const record of target.records) {
    const rest = owned(targetAt, encodeRecord(record, view.serial));
    byType.set(types[record.type], good([alias, rest]));
  }
  return { byType, otherwise: noData(around, [alias], nameBytes) };
}

/** A pointer as the owner, type, class, time to live and the length of the data. */
const aliasHeadBytes = 12;

/** The name is there, and has nothing of that type. */
function noData(
  { zoneBytes, soa }: Around,
  answers: readonly Buffer[],
  nameBytes: number,
): Sections {
  const authority = owned(soaOwner(nameBytes, zoneBytes), soa);
  return {
    rcode: rcodes.noError,
    answers: answers.length,
    authorities: 1,
    bytes: Buffer.concat([...answers, authority]),
  };
}

function good(records: readonly Buffer[]): Sections {
  return {
    rcode: rcodes.noError,
    answers: records.length,
    authorities: 0,
    bytes: Buffer.concat(records),
  };
}

function owned(pointer: number, record: Buffer): Buffer {
  const owner = Buffer.alloc(2);
  writePointer(owner, 0, pointer);
  return Buffer.concat([owner, record]);
}

/** Everything but the owner, which is the root here and takes one octet. */
function encodeRecord(record: ZoneRecord, serial: number): Buffer {
  const packet = encode({ type: "response", answers: [toPacketRecord(record, serial)] });
  return packet.subarray(headerBytes + 1);
}

function toPacketRecord(record: ZoneRecord, serial: number): PacketRecord {
  const common = { name: ".", class: "IN", ttl: ttlSeconds } as const;
  switch (record.type) {
    case "A":
      return { ...common, type: "A", data: record.host };
    case "CNAME":
    case "NS":
      return { ...common, type: record.type, data: record.target };
    case "SRV": {
      const { port, target } = record;
      return { ...common, type: "SRV", data: { priority: 0, weight: 0, port, target } };
    }
    case "TXT":
      return { ...common, type: "TXT", data: [...record.texts] };
    case "SOA":
      return { ...common, type: "SOA", data: soaData(record, serial) };
  }
}

type SoaRecord = Extract<ZoneRecord, { readonly type: "SOA" }>;

/** Nobody copies this zone, so the times say only: ask again. The last one is how long "no such name" counts. */
function soaData(
  { server, mailbox }: SoaRecord,
  serial: number,
): Extract<PacketRecord, { type: "SOA" }>["data"] {
  return {
    mname: server,
    rname: mailbox,
    serial: serial % 2 ** 32,
    refresh: ttlSeconds,
    retry: ttlSeconds,
    expire: 86_400,
    minimum: ttlSeconds,
  };
}
