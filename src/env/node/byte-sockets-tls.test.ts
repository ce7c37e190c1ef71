import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectInClear, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Address } from "../../model/address.ts";
import type { ByteSocket, TlsIdentity } from "../byte-socket.ts";
import { NodeByteSockets } from "./byte-sockets.ts";
import { nodeCertificates } from "./certificates.ts";
import { nodeClock } from "./clock.ts";

const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.5`;
const nothing = Buffer.alloc(0);

let identity: TlsIdentity;
let ca: string;
let stop: AbortController;

beforeAll(async () => {
  const validity = { fromWallMs: Date.now() - 60_000, untilWallMs: Date.now() + 3_600_000 };
  const authority = await nodeCertificates.createAuthority("test", validity);
  const names = { hosts: ["gateway"], ips: [host] };
  ca = authority.certificate;
  identity = await nodeCertificates.issueServer(authority, {
    commonName: "gateway",
    names,
    validity,
  });
});
beforeEach(() => (stop = new AbortController()));
afterEach(() => stop.abort(new Error("the test has ended")));

/** A connection in clear: our side accepted, theirs plain. */
async function inClear(): Promise<{ ours: ByteSocket; theirs: Socket }> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address: Address = { host, port: (server.address() as AddressInfo).port };
  server.close();
  await once(server, "close");
  const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
  const accepted = new Promise<ByteSocket>((resolve) => {
    void sockets.listen(address, resolve, stop.signal).catch(() => undefined);
  });
  const theirs = connectInClear(address);
  theirs.on("error", () => undefined);
  stop.signal.addEventListener("abort", () => theirs.destroy());
  return { ours: await accepted, theirs };
}

/** What a client sends first arrives in clear, is looked at, and `answer` says how it goes on. */
function firstBytes(ours: ByteSocket): Promise<Buffer> {
  return new Promise((resolve) => {
    ours.attach({
      data: (bytes) => {
        ours.pause();
        resolve(Buffer.from(bytes));
      },
      drained: () => undefined,
      ended: () => undefined,
      closed: () => {
        throw new Error("a socket that was secured tells nothing");
      },
    });
  });
}

/** As PostgreSQL's clients do: ask in clear, and begin with TLS after the answer `S`. */
async function upgraded(
  options: ConnectionOptions = {},
): Promise<{ secure: ByteSocket; client: TLSSocket; theirs: Socket }> {
  const { ours, theirs } = await inClear();
  const asked = firstBytes(ours);
  theirs.write("SSLRequest");
  expect(String(await asked)).toBe("SSLRequest");
  ours.write(Buffer.from("S"));
  const securing = ours.secureAsServer(identity, nothing, stop.signal);
  await once(theirs, "readable");
  expect(String(theirs.read())).toBe("S");
  const client = connectTls({ socket: theirs, ca, servername: "gateway", ...options });
  client.on("error", () => undefined);
  const [secure] = await Promise.all([securing, once(client, "secureConnect")]);
  return { secure, client, theirs };
}

function hear(socket: ByteSocket): { text: string; words: string[]; error: Error | undefined } {
  const heard = { text: "", words: [] as string[], error: undefined as Error | undefined };
  socket.attach({
    data: (bytes) => (heard.text += bytes.toString("latin1")),
    drained: () => heard.words.push("drained"),
    ended: () => heard.words.push("ended"),
    closed: (error) => {
      heard.words.push("closed");
      heard.error = error;
    },
  });
  return heard;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within 15 s: ${what}`);
    await sleep(2);
  }
}

test("a connection that began in clear goes on in TLS, and its channel can be bound", async () => {
  const { secure, client } = await upgraded();
  expect(client.authorized).toBe(true);
  expect(secure.isSecure).toBe(true);
  expect(secure.remote.host).toBe(client.localAddress);
  const raw = client.getPeerCertificate().raw;
  expect(secure.channelBinding).toEqual(createHash("sha256").update(raw).digest());
  expect(new X509Certificate(identity.certificate).raw.equals(raw)).toBe(true);
  const heard = hear(secure);
  client.write("hello");
  await until("it was heard", () => heard.text === "hello");
  secure.cork();
  secure.write(Buffer.from("wor"));
  secure.write(Buffer.from("ld"));
  secure.uncork();
  expect(String((await once(client, "data"))[0])).toBe("world");
  client.end();
  await until("the end was heard", () => heard.words.includes("ended"));
  secure.end();
  await until("it closed", () => heard.words.at(-1) === "closed");
  expect(heard.error).toBeUndefined();
});

test("megabytes pass in both directions, and a slow reader is told of", async () => {
  const { secure, client } = await upgraded();
  const heard = hear(secure);
  client.pause();
  const scratch = Buffer.alloc(50_000);
  for (let piece = 0; piece < 200; piece += 1) secure.write(scratch.fill(piece % 256));
  scratch.fill(255);
  expect(secure.queuedBytes).toBeGreaterThan(0);
  const pieces: Buffer[] = [];
  let arrived = 0;
  client.on("data", (bytes: Buffer) => (arrived += pieces.push(bytes) && bytes.length)).resume();
  await until("everything arrived", () => arrived === 10_000_000);
  const whole = Buffer.concat(pieces);
  for (let piece = 0; piece < 200; piece += 1) {
    const expected = Buffer.alloc(50_000, piece % 256);
    expect(whole.subarray(piece * 50_000, (piece + 1) * 50_000).equals(expected)).toBe(true);
  }
  await until("it drained", () => heard.words.includes("drained"));
  client.write(Buffer.alloc(1_000_000, "x"));
  await until("everything was heard", () => heard.text.length === 1_000_000);
  secure.destroy();
});

test("a client that begins with TLS at once is served when it asks for the protocol", async () => {
  const { ours, theirs } = await inClear();
  const first = firstBytes(ours);
  const client = connectTls({
    socket: theirs,
    ca,
    servername: "gateway",
    ALPNProtocols: ["postgresql"],
  });
  const connected = once(client, "secureConnect");
  const secure = await ours.secureAsServer(identity, await first, stop.signal);
  await connected;
  expect(client.alpnProtocol).toBe("postgresql");
  const heard = hear(secure);
  client.write("direct");
  await until("it was heard", () => heard.text === "direct");
  secure.destroy();
});

test("a client that begins with TLS at once for another protocol is refused", async () => {
  for (const ALPNProtocols of [undefined, ["http/1.1"]]) {
    const { ours, theirs } = await inClear();
    const first = firstBytes(ours);
    const options = ALPNProtocols === undefined ? {} : { ALPNProtocols };
    const client = connectTls({ socket: theirs, ca, servername: "gateway", ...options });
    client.on("error", () => undefined);
    const securing = ours.secureAsServer(identity, await first, stop.signal);
    await expect(securing).rejects.toMatchObject({ code: "network.handshake-failed" });
    await until("it was closed", () => theirs.destroyed || client.destroyed);
  }
});

test("what is not TLS, is older than 1.2 or vanishes is refused, and the connection closed", async () => {
  const garbage = await inClear();
  const first = firstBytes(garbage.ours);
  garbage.theirs.write("GET / HTTP/1.1\r\n\r\n");
  const refused = garbage.ours.secureAsServer(identity, await first, stop.signal);
  await expect(refused).rejects.toMatchObject({ code: "network.handshake-failed" });
  garbage.theirs.resume();
  await until("it was closed", () => garbage.theirs.destroyed || garbage.theirs.readableEnded);

  const old = await inClear();
  const oldClient = connectTls({
    socket: old.theirs,
    ca,
    servername: "gateway",
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "ALL@SECLEVEL=0",
  });
  oldClient.on("error", () => undefined);
  const tooOld = old.ours.secureAsServer(identity, nothing, stop.signal);
  await expect(tooOld).rejects.toMatchObject({ code: "network.handshake-failed" });

  const gone = await inClear();
  const vanished = gone.ours.secureAsServer(identity, nothing, stop.signal);
  gone.theirs.resetAndDestroy();
  await expect(vanished).rejects.toMatchObject({ code: "network.handshake-failed" });
});

test("a handshake that does not go on ends with its signal", async () => {
  const { ours, theirs } = await inClear();
  const abort = new AbortController();
  const securing = ours.secureAsServer(identity, nothing, abort.signal);
  abort.abort(new Error("too slow"));
  await expect(securing).rejects.toThrow("too slow");
  theirs.resume();
  await until("it was closed", () => theirs.destroyed || theirs.readableEnded);
});

test("garbage within TLS closes that connection, with the reason", async () => {
  const { secure, client, theirs } = await upgraded();
  const heard = hear(secure);
  client.write("hello");
  await until("it was heard", () => heard.text === "hello");
  // On the connection itself, below TLS.
  theirs.write("this is not a record of TLS, and long enough to be taken for a header");
  await until("it closed", () => heard.words.includes("closed"));
  expect(heard.error).toBeInstanceOf(Error);
});
