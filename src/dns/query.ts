/**
 * What a packet asks. Nothing here throws or loops, whatever comes: each step moves on by at least one octet, and no
 * compression is followed, since nothing that a query names lies before it.
 */
import {
  classIn,
  ednsSizeMax,
  headerBytes,
  plainSizeMax,
  rcodes,
  types,
  type Rcode,
} from "./codes.ts";
import { labelBytesMax, nameBytesMax } from "./wire-name.ts";

export type Query = {
  readonly kind: "query";
  /** See `wire-name.ts`. */
  readonly key: string;
  readonly type: number;
  /** Where header and question end; both go into the answer as they came. */
  readonly questionEnd: number;
  /** Undefined: the client does not speak EDNS. */
  readonly edns: Edns | undefined;
};

export type Edns = {
  /** Octets that the client takes by UDP, within our own bounds. */
  readonly sizeMax: number;
  readonly version: number;
  /** It would take signatures; there are none, and the bit is sent back. */
  readonly isDnssecWanted: boolean;
};

export type Unanswerable =
  /** A response, which would be answered for ever, or too short to tell whether it is one. */
  | { readonly kind: "dropped" }
  /** Nothing but a header goes back. */
  | { readonly kind: "rejected"; readonly rcode: Rcode }
  /** The question goes back as well. */
  | {
      readonly kind: "refused";
      readonly questionEnd: number;
      readonly rcode: Rcode;
      readonly edns: Edns | undefined;
    };

const dropped: Unanswerable = { kind: "dropped" };
const malformed: Unanswerable = { kind: "rejected", rcode: rcodes.formatError };
const otherOpcode: Unanswerable = { kind: "rejected", rcode: rcodes.notImplemented };

/** Type, class, time to live, length of the data. */
const recordHeadBytes = 10;

export function readQuery(bytes: Buffer): Query | Unanswerable {
  if (bytes.length < 4) return dropped;
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x80_00) !== 0) return dropped;
  if ((flags & 0x78_00) !== 0) return otherOpcode;
  if (bytes.length < headerBytes || bytes.readUInt16BE(4) !== 1) return malformed;
  const nameEnd = endOfName(bytes, headerBytes);
  if (nameEnd === undefined || nameEnd + 4 > bytes.length) return malformed;
  const questionEnd = nameEnd + 4;
  const edns = bytes.length === questionEnd ? noMore(bytes) : readRecords(bytes, questionEnd);
  if (edns === "malformed") return malformed;
  const rcode = refusalOf(bytes, nameEnd, edns);
  if (rcode !== undefined) return { kind: "refused", questionEnd, rcode, edns };
  const type = bytes.readUInt16BE(nameEnd);
  return { kind: "query", key: keyOf(bytes, nameEnd), type, questionEnd, edns };
}

/** Well formed, and nothing that this server does for anybody. */
function refusalOf(bytes: Buffer, nameEnd: number, edns: Edns | undefined): Rcode | undefined {
  if (edns !== undefined && edns.version > 0) return rcodes.badVersion;
  if (bytes.readUInt16BE(nameEnd + 2) !== classIn) return rcodes.refused;
  const type = bytes.readUInt16BE(nameEnd);
  // A record of the type OPT belongs behind a question, never into it.
  if (type === types.OPT) return rcodes.formatError;
  return type === types.AXFR || type === types.IXFR ? rcodes.refused : undefined;
}

/** Lower case, octet by octet: what RFC 4343 calls equal. */
const lower = Buffer.from(
  Array.from({ length: 256 }, (_, octet) => (octet >= 65 && octet <= 90 ? octet + 32 : octet)),
);

/** All queries are read here, one after the other. */
const scratch = Buffer.alloc(nameBytesMax);

/** A length is below 64 and never looks like a letter. */
function keyOf(bytes: Buffer, nameEnd: number): string {
  for (let at = headerBytes; at < nameEnd; at += 1) {
    scratch[at - headerBytes] = lower[bytes[at] ?? 0] ?? 0;
  }
  return scratch.toString("latin1", 0, nameEnd - headerBytes);
}

/** Undefined: too long, cut, or compressed. */
function endOfName(bytes: Buffer, start: number): number | undefined {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    if (length > labelBytesMax) return undefined;
    at += length + 1;
    if (at - start > nameBytesMax) return undefined;
    if (length === 0) return at;
  }
  return undefined;
}

/** Nothing follows the question, so nothing may be announced. */
function noMore(bytes: Buffer): undefined | "malformed" {
  return bytes.readUInt32BE(6) === 0 && bytes.readUInt16BE(10) === 0 ? undefined : "malformed";
}

/** What stands behind the question is walked over for the sake of the one OPT record. */
function readRecords(bytes: Buffer, start: number): Edns | undefined | "malformed" {
  const before = bytes.readUInt16BE(6) + bytes.readUInt16BE(8);
  const all = before + bytes.readUInt16BE(10);
  let edns: Edns | undefined;
  let at = start;
  for (let index = 0; index < all; index += 1) {
    const owner = at;
    const head = endOfOwner(bytes, at);
    if (head === undefined || head + recordHeadBytes > bytes.length) return "malformed";
    at = head + recordHeadBytes + bytes.readUInt16BE(head + 8);
    if (at > bytes.length) return "malformed";
    if (bytes.readUInt16BE(head) !== types.OPT) continue;
    const isInPlace = index >= before && bytes[owner] === 0;
    if (!isInPlace || edns !== undefined) return "malformed";
    edns = readOpt(bytes, head);
  }
  return at === bytes.length ? edns : "malformed";
}

/** Like `endOfName`, and a pointer ends it, wherever that leads. */
function endOfOwner(bytes: Buffer, start: number): number | undefined {
  let at = start;
  while (at < bytes.length && at - start <= nameBytesMax) {
    const length = bytes[at] ?? 0;
    if (length >= 0xc0) return at + 2;
    if (length > labelBytesMax) return undefined;
    at += length + 1;
    if (length === 0) return at;
  }
  return undefined;
}

function readOpt(bytes: Buffer, head: number): Edns {
  return {
    sizeMax: Math.min(Math.max(bytes.readUInt16BE(head + 2), plainSizeMax), ednsSizeMax),
    version: bytes[head + 5] ?? 0,
    isDnssecWanted: ((bytes[head + 6] ?? 0) & 0x80) !== 0,
  };
}
