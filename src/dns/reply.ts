/** What a server has said to a question of ours. dns-packet reads it, and what makes it throw is no reply. */
import { decode, encode, RECURSION_DESIRED, type Answer as PacketRecord } from "dns-packet";
import { headerBytes, rcodes } from "./codes.ts";

export type ReplyRecord = {
  readonly name: string;
  readonly type: string;
  readonly data: string;
  readonly ttlSeconds: number;
};

export type Reply =
  /** It answers another question, or is no DNS: whoever sent it is not who was asked. */
  | { readonly kind: "other" }
  | { readonly kind: "truncated" }
  | { readonly kind: "no-such-name" }
  /** The server would not, or could not; the number that says why. */
  | { readonly kind: "failed"; readonly rcode: number }
  | {
      readonly kind: "answered";
      /** From the question on: aliases, then the addresses of the last one. */
      readonly chain: readonly ReplyRecord[];
      /** Undefined: the name has none. */
      readonly address: string | undefined;
    };

/** RFC 1034 names no bound for aliases in a row; nobody needs more than two here. */
const chainMax = 8;

/** A question for the address of `name`. @param id 16 bits */
export function encodeQuestion(name: string, id: number): Buffer {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type: "A", name }],
  });
}

export function readReply(bytes: Buffer, name: string, id: number): Reply {
  const packet = attemptDecode(bytes);
  if (packet === undefined || !packet.flag_qr || packet.id !== id) return { kind: "other" };
  // dns-packet has the code's name alone, and not of all of them.
  const rcode = bytes.readUInt16BE(2) & 0x0f;
  const [question] = packet.questions ?? [];
  // Who cannot read a question sends none back.
  if (question === undefined && rcode !== rcodes.noError) return { kind: "failed", rcode };
  if (question?.type !== "A" || !isSameName(question.name, name)) return { kind: "other" };
  return packet.flag_tc ? { kind: "truncated" } : readAnswers(packet.answers ?? [], name, rcode);
}

function readAnswers(answers: readonly PacketRecord[], name: string, rcode: number): Reply {
  if (rcode === rcodes.noSuchName) return { kind: "no-such-name" };
  if (rcode !== rcodes.noError) return { kind: "failed", rcode };
  const chain = followFrom(name, answers.flatMap(toRecord));
  const address = chain.find(({ type }) => type === "A")?.data;
  return { kind: "answered", chain, address };
}

function attemptDecode(bytes: Buffer): ReturnType<typeof decode> | undefined {
  if (bytes.length < headerBytes) return undefined;
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

function toRecord(record: PacketRecord): readonly ReplyRecord[] {
  if (record.type !== "A" && record.type !== "CNAME") return [];
  const { name, type, data, ttl } = record;
  return [{ name, type, data, ttlSeconds: ttl ?? 0 }];
}

function followFrom(name: string, records: readonly ReplyRecord[]): readonly ReplyRecord[] {
  const chain: ReplyRecord[] = [];
  let at = name;
  while (chain.length < chainMax) {
    const here = records.filter((record) => isSameName(record.name, at));
    const alias = here.find(({ type }) => type === "CNAME");
    if (alias === undefined) return [...chain, ...here];
    chain.push(alias);
    at = alias.data;
  }
  return chain;
}

const isSameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
