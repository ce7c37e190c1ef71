import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { Secret } from "../std/secret.ts";
import {
  authenticationOk,
  encodeSasl,
  encodeSaslContinue,
  encodeSaslFinal,
} from "../wire/postgres/authentication-messages.ts";
import {
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  parseComplete,
  readyForQuery,
} from "../wire/postgres/backend-messages.ts";
import { encodeNotice, pgError } from "../wire/postgres/error-response.ts";
import { parseVerifier } from "../wire/postgres/scram-keys.ts";
import { SCRAM } from "../wire/postgres/scram-message.ts";
import type { ScramCredential } from "../wire/postgres/scram-client.ts";
import { PROTOCOL_3_0, PROTOCOL_3_2 } from "../wire/postgres/startup-messages.ts";
import { ClientHandshake, type ClientAction } from "./client-handshake.ts";
import { ServerHandshake, type ServerAction } from "./server-handshake.ts";

/** Of the password "pencil". */
const verifier = parseVerifier(
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
);
const backendKey = { processId: 5, secret: Buffer.alloc(32, 1) };
const withPassword = (text: string): ScramCredential => ({
  kind: "password",
  password: new Secret(text),
});

function handshake(credential = withPassword("pencil"), protocol = PROTOCOL_3_0): ServerHandshake {
  return new ServerHandshake({
    protocol,
    parameters: new Map([
      ["user", "app"],
      ["database", "orders"],
    ]),
    credential,
    random: new SeededRandom(3),
  });
}

/** What a server says once it let somebody in. */
const welcome = Buffer.concat([
  encodeParameterStatus("server_version", "18.4"),
  encodeNotice(pgError({ severity: "NOTICE", code: "00000", message: "hello" })),
  encodeParameterStatus("in_hot_standby", "on"),
  encodeBackendKeyData(backendKey),
  readyForQuery.idle,
]);

/** The two sides of a login against each other; `cutBytes` is the size of the pieces that arrive. */
function logIn(
  client: ServerHandshake,
  cutBytes = 1e9,
): { readonly end: ServerAction | undefined; readonly server: ClientAction[] } {
  const gateway = new ClientHandshake({
    offersTls: false,
    random: new SeededRandom(4),
    mockSecret: Buffer.from("mock"),
  });
  const server: ClientAction[] = [];
  let end: ServerAction | undefined;
  const toClient = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += cutBytes) {
      for (const action of client.feed(bytes.subarray(at, at + cutBytes))) {
        if (action.kind === "send") onServer(gateway.feed(action.bytes));
        else end = action;
      }
    }
  };
  const onServer = (actions: readonly ClientAction[]): void => {
    server.push(...actions);
    for (const action of actions) {
      if (action.kind === "look-up") onServer(gateway.provide(verifier));
      if (action.kind === "send") toClient(action.bytes);
      if (action.kind === "refuse" && action.bytes) toClient(action.bytes);
      if (action.kind === "authenticated") toClient(welcome);
    }
  };
  onServer(gateway.feed(client.start()));
  return { end, server };
}

test("case 1: a login cut anywhere ends with the server's parameters and key", () => {
  for (const cutBytes of [1, 2, 3, 4, 5, 6, 7, 64, 1e9]) {
    expect(logIn(handshake(), cutBytes).end).toEqual({
      kind: "ready",
      server: {
        parameters: new Map([
          ["server_version", "18.4"],
          ["in_hot_standby", "on"],
        ]),
        backendKey,
        protocol: PROTOCOL_3_0,
        rest: Buffer.alloc(0),
      },
    });
  }
});

test("what a login proved logs in elsewhere, as the same user", () => {
  const first = logIn(handshake()).server.at(-1);
  const keys = first?.kind === "authenticated" ? first.login.keys : undefined;
  expect(keys).toBeDefined();
  const second = logIn(handshake(keys && { kind: "keys", keys }));
  expect(second.end).toMatchObject({ kind: "ready" });
  expect(second.server.at(-1)).toMatchObject({ login: { user: "app", database: "orders" } });
});

test("a refusal is handed on with the server's own words", () => {
  expect(logIn(handshake(withPassword("wrong"))).end).toMatchObject({
    kind: "failed",
    error: { code: "28P01", message: 'password authentication failed for user "app"' },
  });
});

const offer = encodeSasl([SCRAM]);

test.each([
  ["lets anybody in", [authenticationOk]],
  ["lets anybody in after an offer", [offer, authenticationOk]],
  ["is ready at once", [readyForQuery.idle]],
  ["offers something else", [encodeSasl(["PLAIN"])]],
  ["asks for a password in clear", [Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])]],
  ["challenges with another nonce", [offer, encodeSaslContinue("r=x,s=QQ==,i=1")]],
  ["proves before it challenges", [offer, encodeSaslFinal("v=QQ==")]],
  ["answers a query", [parseComplete]],
  ["negotiates what was not asked for", [encodeNegotiation(PROTOCOL_3_2)]],
  ["has a message of a gigabyte", [Buffer.from([0x52, 0x40, 0, 0, 0])]],
])("a server that %s is not the one meant", (_, messages) => {
  expect(handshake().feed(Buffer.concat(messages)).at(-1)).toMatchObject({ kind: "failed" });
});

function encodeNegotiation(protocol: number): Buffer {
  return encodeNegotiateProtocolVersion({ protocol, unknownOptions: [] });
}

test("case 2: an older server negotiates the protocol down", () => {
  const client = handshake(withPassword("pencil"), PROTOCOL_3_2);
  expect(client.feed(encodeNegotiation(PROTOCOL_3_0))).toEqual([]);
  expect(logIn(client).end).toMatchObject({ kind: "ready", server: { protocol: PROTOCOL_3_0 } });
});

test("garbage ends the login with a failure, and never throws", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), fc.boolean(), (chunks, isOffered) => {
      const client = handshake();
      if (isOffered) client.feed(offer);
      const actions = chunks.flatMap((chunk) => client.feed(Buffer.from(chunk)));
      expect(actions.filter(({ kind }) => kind === "failed").length).toBeLessThanOrEqual(1);
      expect(actions.some(({ kind }) => kind === "ready")).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
