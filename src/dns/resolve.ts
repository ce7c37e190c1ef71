/** Asks one server for one name: by UDP, again when nothing comes, and by TCP when the answer has no room. */
import type { ByteSocket } from "../env/byte-socket.ts";
import { withDeadline } from "../env/deadline.ts";
import type { Random } from "../env/env.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { streamSizeMax } from "./codes.ts";
import type { Resolved, ResolveDoors } from "./dns.ts";
import { encodeQuestion, readReply, type Reply, type ReplyRecord } from "./reply.ts";
import { framed, StreamMessages } from "./stream-messages.ts";
import { isWireName } from "./wire-name.ts";

/** The server is on this machine, or a link away: twice the slowest link that people use is below it. */
const triesMax = 3;
const tryMs = 1_000;

/** By TCP it is asked once: what is lost there is sent again by the system. */
const streamMs = 3_000;

type Asked = { readonly server: Address; readonly name: string };

/**
 * The IPv4 address of `name`, which is whole and may end in a dot, as `server` has it now.
 * @throws Failure `usage.invalid` for what is no name, `dns.no-such-name`, `dns.server-failed` when the server refuses or
 * does not know yet, `network.unreachable` when no answer came; the reason of `signal`
 */
export async function resolveName(
  doors: ResolveDoors,
  server: Address,
  name: string,
  signal: AbortSignal,
): Promise<Resolved> {
  const plain = name.replace(/\.$/, "");
  if (!isWireName(plain)) {
    throw new Failure("usage.invalid", `"${name.slice(0, 300)}" is no name that DNS could carry`);
  }
  const asked = { server, name: plain };
  const reply = await askByPackets(doors, asked, signal);
  const whole = reply.kind === "truncated" ? await askByStream(doors, asked, signal) : reply;
  return settle(asked, whole);
}

function settle({ server, name }: Asked, reply: Reply): Resolved {
  const at = formatAddress(server);
  switch (reply.kind) {
    case "answered": {
      const chain = reply.chain.map(toLink);
      const ttl = chain.length === 0 ? 0 : Math.min(...chain.map((link) => link.ttl));
      return { name, chain, address: reply.address, ttl };
    }
    case "no-such-name":
      throw new Failure("dns.no-such-name", `${at} knows no name ${name}`);
    case "failed": {
      const because = refusals[reply.rcode] ?? `it answered with code ${reply.rcode}`;
      throw new Failure("dns.server-failed", `asking ${at} for ${name}: ${because}`);
    }
    case "truncated":
    case "other":
      throw unreachable({ server, name }, "it answered what was not asked");
  }
}

const refusals: Readonly<Record<number, string>> = {
  2: "it has not heard yet where the name leads",
  5: "it does not answer for that zone",
};

const toLink = ({ name, type, data, ttlSeconds }: ReplyRecord): Resolved["chain"][number] => ({
  name,
  type,
  data,
  ttl: ttlSeconds,
});

/** Each try has a number and a port of its own; a late answer to an earlier one is none. */
async function askByPackets(
  doors: ResolveDoors,
  asked: Asked,
  signal: AbortSignal,
): Promise<Reply> {
  let last: unknown;
  for (let left = triesMax; left > 0; left -= 1) {
    const late = (): Failure => unreachable(asked, `no answer came in ${tryMs} ms`);
    const deadline = { ms: tryMs, expired: late };
    try {
      return await withDeadline(doors.clock, deadline, signal, (limited) =>
        askOnce(doors, asked, limited),
      );
    } catch (error) {
      signal.throwIfAborted();
      last = error;
    }
  }
  throw last;
}

async function askOnce(doors: ResolveDoors, asked: Asked, signal: AbortSignal): Promise<Reply> {
  const { server, name } = asked;
  const id = drawId(doors.random);
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  try {
    return await new Promise<Reply>((resolve, reject) => {
      const received = (bytes: Buffer): void => {
        const reply = readReply(bytes, name, id);
        if (reply.kind !== "other") resolve(reply);
      };
      const failed = (error: Error): void => reject(unreachable(asked, error.message, error));
      doors.datagrams
        .connect(server, { received, failed }, both)
        .then((line) => line.send(encodeQuestion(name, id)))
        .catch(reject);
    });
  } finally {
    over.abort(new Error("the question was answered"));
  }
}

async function askByStream(doors: ResolveDoors, asked: Asked, signal: AbortSignal): Promise<Reply> {
  const late = (): Failure => unreachable(asked, `no answer came by TCP in ${streamMs} ms`);
  const deadline = { ms: streamMs, expired: late };
  let socket: ByteSocket | undefined;
  try {
    return await withDeadline(doors.clock, deadline, signal, async (limited) => {
      socket = await doors.sockets.connect(asked.server, streamMs, limited);
      return askOn(socket, asked, drawId(doors.random));
    });
  } finally {
    socket?.destroy();
  }
}

function askOn(socket: ByteSocket, asked: Asked, id: number): Promise<Reply> {
  const messages = new StreamMessages(streamSizeMax);
  return new Promise((resolve, reject) => {
    const over = (why: string): void => reject(unreachable(asked, why));
    socket.attach({
      data: (bytes) => {
        messages.feed(bytes, (message) => resolve(readReply(message, asked.name, id)));
      },
      drained: () => undefined,
      ended: () => over("it ended the connection without an answer"),
      closed: (error) => over(error?.message ?? "the connection was closed"),
    });
    socket.write(framed(encodeQuestion(asked.name, id)));
  });
}

/** 16 bits that nobody can guess, so that an answer can come only from who has seen the question. */
const drawId = (random: Random): number => Number.parseInt(random.hex(2), 16);

function unreachable({ server, name }: Asked, why: string, cause?: unknown): Failure {
  return new Failure("network.unreachable", `asking ${formatAddress(server)} for ${name}: ${why}`, {
    cause,
  });
}
