import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { Secret } from "../std/secret.ts";
import {
  decodeAuthentication,
  encodeSaslInitialResponse,
  encodeSaslResponse,
} from "../wire/postgres/authentication-messages.ts";
import { decodeNegotiateProtocolVersion } from "../wire/postgres/backend-messages.ts";
import { decodeError } from "../wire/postgres/error-response.ts";
import { encodeQuery, terminate } from "../wire/postgres/frontend-messages.ts";
import { parseVerifier, ScramKeys } from "../wire/postgres/scram-keys.ts";
import { ScramClient } from "../wire/postgres/scram-client.ts";
import { SCRAM, SCRAM_PLUS } from "../wire/postgres/scram-message.ts";
import {
  encodeCancelRequest,
  encodeStartup,
  gssencRequest,
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  sslRequest,
} from "../wire/postgres/startup-messages.ts";
import { ClientHandshake, SENT_AHEAD_BYTES_MAX, type ClientAction } from "./client-handshake.ts";

/** Of the password "pencil". */
const verifier = parseVerifier(
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
);
const binding = Buffer.alloc(32, 0xbb);

function handshake(offersTls = false): ClientHandshake {
  return new ClientHandshake({
    offersTls,
    random: new SeededRandom(7),
    mockSecret: Buffer.from("mock"),
  });
}

const startup = (more: Iterable<readonly [string, string]> = [], protocol = PROTOCOL_3_0): Buffer =>
  encodeStartup(protocol, [["user", "app"], ["database", "orders"], ...more]);

const kinds = (actions: readonly ClientAction[]): string[] => actions.map(({ kind }) => kind);

/** What was sent, message by message. */
function sent(actions: readonly ClientAction[]): Buffer[] {
  const bytes = Buffer.concat(
    actions.flatMap((action) => (action.kind === "send" ? [action.bytes] : [])),
  );
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

const authentications = (actions: readonly ClientAction[]): unknown[] =>
  sent(actions).map((message) => decodeAuthentication(message, 0, message.length));

/** The error that ended it; "silence" without one. */
function refusal(actions: readonly ClientAction[]): unknown {
  const action = actions.at(-1);
  if (action?.kind !== "refuse") return `not refused: ${kinds(actions).join()}`;
  return action.bytes ? decodeError(action.bytes, 0, action.bytes.length) : "silence";
}

function scramClient(password = "pencil", channelBinding?: Buffer): ScramClient {
  const credential = { kind: "password", password: new Secret(password) } as const;
  return new ScramClient({ credential, nonce: "abc", channelBinding });
}

function challengeIn(actions: readonly ClientAction[]): string {
  const challenge = authentications(actions).find(
    (message) => (message as { kind: string }).kind === "sasl-continue",
  );
  return (challenge as { data: string }).data;
}

/** From after the look-up to the end. */
function prove(
  at: ClientHandshake,
  scram: ScramClient,
  mechanism = SCRAM,
): readonly ClientAction[] {
  const first = at.feed(encodeSaslInitialResponse({ mechanism, data: scram.first() }));
  if (first.at(-1)?.kind === "refuse") return first;
  return at.feed(encodeSaslResponse(scram.respond(challengeIn(first))));
}

test("a client with the right password is let in, with keys that log in elsewhere", () => {
  const at = handshake();
  const begun = at.feed(startup([["application_name", "test"]]));
  expect(kinds(begun)).toEqual(["send", "look-up"]);
  expect(authentications(begun)).toEqual([{ kind: "sasl", mechanisms: [SCRAM] }]);
  expect(at.provide(verifier)).toEqual([]);
  const actions = prove(at, scramClient());
  expect(authentications(actions)).toMatchObject([{ kind: "sasl-final" }, { kind: "ok" }]);
  expect(actions.at(-1)).toMatchObject({
    kind: "authenticated",
    login: {
      user: "app",
      database: "orders",
      protocol: PROTOCOL_3_0,
      parameters: new Map([["application_name", "test"]]),
      keys: expect.any(ScramKeys),
    },
    rest: Buffer.alloc(0),
  });
  expect(at.feed(Buffer.from("more"))).toEqual([]);
});

test("case 3: a wrong password and an unknown user get the same answer", () => {
  const answers = [verifier, undefined].map((found) => {
    const at = handshake();
    at.feed(startup());
    at.provide(found);
    return refusal(prove(at, scramClient("wrong")));
  });
  expect(answers[0]).toMatchObject({
    severity: "FATAL",
    code: "28P01",
    message: 'password authentication failed for user "app"',
  });
  expect(answers[1]).toEqual(answers[0]);
});

test("an answer that comes before the look-up's is kept until then", () => {
  const at = handshake();
  at.feed(startup());
  const scram = scramClient();
  const initial = encodeSaslInitialResponse({ mechanism: SCRAM, data: scram.first() });
  expect(at.feed(initial)).toEqual([]);
  const challenged = at.provide(verifier);
  const last = encodeSaslResponse(scram.respond(challengeIn(challenged)));
  const query = encodeQuery("SELECT 1");
  const actions = at.feed(Buffer.concat([last, query]));
  expect(actions.at(-1)).toMatchObject({ kind: "authenticated", rest: query });
});

test("case 1: a login cut anywhere is the same login", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sizes) => {
      const at = handshake();
      const feed = (bytes: Buffer): readonly ClientAction[] => {
        const actions: ClientAction[] = [];
        for (let from = 0; from < bytes.length; ) {
          const to = from + (sizes.next().value ?? 1);
          actions.push(...at.feed(bytes.subarray(from, to)));
          from = to;
        }
        return actions;
      };
      expect(kinds(feed(Buffer.concat([gssencRequest, sslRequest, startup()])))).toEqual([
        "send",
        "send",
        "send",
        "look-up",
      ]);
      at.provide(verifier);
      const scram = scramClient();
      const first = feed(encodeSaslInitialResponse({ mechanism: SCRAM, data: scram.first() }));
      const last = feed(encodeSaslResponse(scram.respond(challengeIn(first))));
      expect(kinds(last)).toEqual(["send", "authenticated"]);
    }),
    { numRuns: 100 },
  );
});

test("case 2: without TLS both encryption requests are answered no, and the login goes on", () => {
  const at = handshake();
  expect(at.feed(gssencRequest)).toEqual([{ kind: "send", bytes: Buffer.from("N") }]);
  expect(at.feed(sslRequest)).toEqual([{ kind: "send", bytes: Buffer.from("N") }]);
  expect(kinds(at.feed(startup()))).toEqual(["send", "look-up"]);
});

test("case 2: over TLS the login can be bound to the certificate", () => {
  const at = handshake(true);
  expect(at.feed(sslRequest)).toEqual([
    { kind: "send", bytes: Buffer.from("S") },
    { kind: "start-tls", rest: Buffer.alloc(0) },
  ]);
  expect(at.secured(binding)).toEqual([]);
  expect(authentications(at.feed(startup()))).toEqual([
    { kind: "sasl", mechanisms: [SCRAM_PLUS, SCRAM] },
  ]);
  at.provide(verifier);
  expect(kinds(prove(at, scramClient("pencil", binding), SCRAM_PLUS))).toEqual([
    "send",
    "authenticated",
  ]);
});

test("case 2: a connection may begin with TLS, where that is offered", () => {
  const hello = Buffer.from([0x16, 3, 1, 2, 0, 1]);
  const at = handshake(true);
  expect(at.feed(hello)).toEqual([{ kind: "start-tls", rest: hello }]);
  expect(at.secured(binding)).toEqual([]);
  expect(kinds(at.feed(startup()))).toEqual(["send", "look-up"]);
  expect(refusal(handshake().feed(hello))).toBe("silence");
});

test("case 2: what was sent in clear behind a request for TLS is never read", () => {
  expect(refusal(handshake(true).feed(Buffer.concat([sslRequest, startup()])))).toMatchObject({
    code: "08P01",
    message: "received unencrypted data after SSL request",
  });
});

test("case 2: an encryption request is answered once", () => {
  const at = handshake();
  at.feed(sslRequest);
  expect(refusal(at.feed(sslRequest))).toMatchObject({ code: "08P01" });
});

test("case 2: a newer protocol is negotiated down, and unknown options are named", () => {
  const at = handshake();
  const begun = at.feed(startup([["_pq_.new", "1"]], 0x0003_270f));
  const [negotiation = Buffer.alloc(0)] = sent(begun);
  expect(decodeNegotiateProtocolVersion(negotiation, 0, negotiation.length)).toEqual({
    protocol: PROTOCOL_3_2,
    unknownOptions: ["_pq_.new"],
  });
  at.provide(verifier);
  expect(prove(at, scramClient()).at(-1)).toMatchObject({ login: { protocol: PROTOCOL_3_2 } });
});

test("case 10: a cancel request ends the connection with its key", () => {
  const key = { processId: 42, secret: Buffer.alloc(32, 9) };
  expect(handshake().feed(encodeCancelRequest(key))).toEqual([{ kind: "cancel", key }]);
});

test.each([
  ["another major version", startup([], 0x0002_0000), "0A000", "unsupported frontend protocol 2.0"],
  ["no user", encodeStartup(PROTOCOL_3_0, [["database", "x"]]), "28000", "no PostgreSQL user name"],
  [
    "case 14: replication",
    startup([["replication", "database"]]),
    "0A000",
    "replication connections",
  ],
  ["case 14: physical replication", startup([["replication", "on"]]), "0A000", "replication"],
])("%s is refused with an error", (_, bytes, code, message) => {
  const error = refusal(handshake().feed(bytes));
  expect(error).toMatchObject({ severity: "FATAL", code });
  expect((error as { message: string }).message).toContain(message);
});

test("a replication parameter that says no is none", () => {
  for (const no of ["false", "off", "0", "no"]) {
    expect(kinds(handshake().feed(startup([["replication", no]])))).toContain("look-up");
  }
});

test("without a database the user's name is meant", () => {
  const actions = handshake().feed(encodeStartup(PROTOCOL_3_0, [["user", "app"]]));
  expect(actions.at(-1)).toMatchObject({ kind: "look-up", login: { database: "app" } });
});

test("case 3: what does not speak the protocol at all is left without a word", () => {
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0\0\0\0\0"]) {
    expect(refusal(handshake(true).feed(Buffer.from(text)))).toBe("silence");
  }
  const at = handshake();
  at.feed(startup());
  at.provide(verifier);
  expect(refusal(at.feed(terminate))).toBe("silence");
});

test("case 3: a password above its limit is refused by its header", () => {
  for (const length of [1024, 2 ** 20, 2 ** 31 - 1, 3]) {
    const at = handshake();
    at.feed(startup());
    at.provide(verifier);
    const header = Buffer.alloc(5);
    header[0] = 0x70;
    header.writeInt32BE(length, 1);
    expect(refusal(at.feed(header))).toMatchObject({ severity: "FATAL", code: "08P01" });
  }
});

test("a client that sends on and on while it waits is refused", () => {
  const at = handshake();
  at.feed(startup());
  expect(at.feed(Buffer.alloc(SENT_AHEAD_BYTES_MAX, 0x70))).toEqual([]);
  expect(refusal(at.feed(Buffer.alloc(1)))).toMatchObject({ code: "08P01" });
});

test("a query instead of a proof, and a mechanism that was not offered, are refused", () => {
  const after = (bytes: Buffer): unknown => {
    const at = handshake();
    at.feed(startup());
    at.provide(verifier);
    return refusal(at.feed(bytes));
  };
  expect(after(encodeQuery("SELECT 1"))).toMatchObject({
    message: "expected SASL response, got message type 81",
  });
  for (const mechanism of [SCRAM_PLUS, "PLAIN"]) {
    const data = scramClient().first();
    expect(after(encodeSaslInitialResponse({ mechanism, data }))).toMatchObject({
      message: "client selected an invalid SASL authentication mechanism",
    });
  }
  expect(after(encodeSaslInitialResponse({ mechanism: SCRAM, data: undefined }))).toMatchObject({
    code: "08P01",
  });
});

test("case 3: garbage at any point gives one error or silence, and never throws", () => {
  const garbage = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(garbage, fc.boolean(), fc.boolean(), fc.nat(3), (chunks, tls, sized, stage) => {
      const at = handshake(tls);
      if (stage > 0) at.feed(startup());
      if (stage > 1) at.provide(verifier);
      if (stage > 2) {
        at.feed(encodeSaslInitialResponse({ mechanism: SCRAM, data: scramClient().first() }));
      }
      const actions: ClientAction[] = [];
      for (const chunk of chunks) {
        const bytes = Buffer.from(chunk);
        // Half of them at least have the length of a message that could be.
        if (sized && bytes.length >= 8) bytes.writeInt32BE(bytes.length - (stage && 1), stage && 1);
        if (sized && stage > 0) bytes[0] = 0x70;
        if (!kinds(actions).includes("start-tls")) actions.push(...at.feed(bytes));
      }
      const ends = actions.filter(({ kind }) => kind === "refuse" || kind === "cancel");
      expect(ends.length).toBeLessThanOrEqual(1);
      expect(kinds(actions)).not.toContain("authenticated");
    }),
    { numRuns: 2000 },
  );
});
