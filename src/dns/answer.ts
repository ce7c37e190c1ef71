/** From a packet that asks to the packet that answers. Any bytes may come, and nothing here throws. */
import type { Random } from "../env/env.ts";
import {
  ednsSizeMax,
  headerBytes,
  plainSizeMax,
  rcodes,
  streamSizeMax,
  types,
  type Rcode,
} from "./codes.ts";
import {
  soaOwner,
  writePointer,
  type EncodedName,
  type EncodedNode,
  type EncodedZone,
  type Sections,
} from "./encoded-zone.ts";
import { readQuery, type Edns, type Query } from "./query.ts";
import { isWithin } from "./wire-name.ts";

export type Transport = "udp" | "tcp";

export type Answer = {
  /** `answered`: also with "no such name", or that nobody knows yet. */
  readonly kind: "answered" | "refused" | "malformed";
  /** Undefined: nothing is sent. */
  readonly bytes: Buffer | undefined;
};

export type AnswerDoors = { readonly zone: EncodedZone; readonly random: Random };

export function answerQuery(bytes: Buffer, transport: Transport, doors: AnswerDoors): Answer {
  const query = readQuery(bytes);
  switch (query.kind) {
    case "dropped":
      return { kind: "malformed", bytes: undefined };
    case "rejected":
      return { kind: outcomeOf(query.rcode), bytes: headerAlone(bytes, query.rcode) };
    case "refused":
      return {
        kind: outcomeOf(query.rcode),
        bytes: write(bytes, query, empty(query.rcode), streamSizeMax),
      };
    case "query": {
      const sections = sectionsFor(query, doors);
      const kind = sections.rcode === rcodes.refused ? "refused" : "answered";
      return { kind, bytes: write(bytes, query, sections, sizeMaxOf(query, transport)) };
    }
  }
}

/** What was asked properly is refused; the rest is the client's mistake. */
function outcomeOf(rcode: Rcode): "refused" | "malformed" {
  return rcode === rcodes.formatError ? "malformed" : "refused";
}

function sizeMaxOf({ edns }: Query, transport: Transport): number {
  return transport === "tcp" ? streamSizeMax : (edns?.sizeMax ?? plainSizeMax);
}

function sectionsFor(query: Query, { zone, random }: AnswerDoors): Sections {
  const node = zone.find(query.key);
  if (node !== undefined) {
    const name = pick(node, random);
    return name.byType.get(query.type) ?? name.otherwise;
  }
  return isWithin(query.key, zone.key) ? noSuchName(query.key, zone) : refused;
}

function pick(node: EncodedNode, random: Random): EncodedName {
  if (node.kind === "one") return node.name;
  const drawn = random.float();
  const last = node.names.length - 1;
  // The sum of the shares may be a little less than 1, and a drawing above it.
  const found = node.names.findIndex(({ upTo }, index) => drawn < upTo || index === last);
  return (node.names[found] as (typeof node.names)[number]).name;
}

function noSuchName(key: string, zone: EncodedZone): Sections {
  const bytes = Buffer.allocUnsafe(2 + zone.soa.length);
  writePointer(bytes, 0, soaOwner(key.length, zone.key.length));
  zone.soa.copy(bytes, 2);
  return { rcode: rcodes.noSuchName, answers: 0, authorities: 1, bytes };
}

const nothing = Buffer.alloc(0);

const empty = (rcode: Rcode): Sections => ({ rcode, answers: 0, authorities: 0, bytes: nothing });

const refused = empty(rcodes.refused);

/** RFC 6891: root, type, size, extended code, version, flags, no options. */
const optBytes = 11;

/** QR, AA and TC of the third octet, RD there; RCODE and CD of the fourth. */
const bits = {
  response: 0x80,
  authoritative: 0x04,
  truncated: 0x02,
  recursion: 0x01,
  checking: 0x10,
};

/** @param sizeMax octets; a longer answer goes without its records, marked as truncated */
function write(
  query: Buffer,
  { questionEnd, edns }: { readonly questionEnd: number; readonly edns: Edns | undefined },
  sections: Sections,
  sizeMax: number,
): Buffer {
  const { rcode } = sections;
  const around = questionEnd + (edns === undefined ? 0 : optBytes);
  const isTruncated = around + sections.bytes.length > sizeMax;
  const { answers, authorities, bytes } = isTruncated ? empty(rcode) : sections;
  const out = Buffer.allocUnsafe(around + bytes.length);
  query.copy(out, 0, 0, questionEnd);
  const isOurs = rcode === rcodes.noError || rcode === rcodes.noSuchName;
  out[2] =
    bits.response |
    (isOurs ? bits.authoritative : 0) |
    (isTruncated ? bits.truncated : 0) |
    ((query[2] ?? 0) & bits.recursion);
  out[3] = (rcode & 0x0f) | ((query[3] ?? 0) & bits.checking);
  out.writeUInt16BE(answers, 6);
  out.writeUInt16BE(authorities, 8);
  out.writeUInt16BE(edns === undefined ? 0 : 1, 10);
  bytes.copy(out, questionEnd);
  if (edns !== undefined) writeOpt(out, questionEnd + bytes.length, edns, rcode);
  return out;
}

function writeOpt(out: Buffer, at: number, { isDnssecWanted }: Edns, rcode: Rcode): void {
  out[at] = 0;
  out.writeUInt16BE(types.OPT, at + 1);
  out.writeUInt16BE(ednsSizeMax, at + 3);
  out[at + 5] = rcode >> 4;
  out[at + 6] = 0;
  out.writeUInt16BE(isDnssecWanted ? 0x80_00 : 0, at + 7);
  out.writeUInt16BE(0, at + 9);
}

/** Where the question cannot be read, or need not be. */
function headerAlone(query: Buffer, rcode: Rcode): Buffer {
  const out = Buffer.alloc(headerBytes);
  query.copy(out, 0, 0, 4);
  out[2] = bits.response | ((query[2] ?? 0) & (0x78 | bits.recursion));
  out[3] = rcode;
  return out;
}
