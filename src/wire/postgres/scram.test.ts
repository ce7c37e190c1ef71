import { expect, test } from "vitest";
import { Secret } from "../../std/secret.ts";
import { outcomeOf } from "../../../test/wire-outcome.ts";
import { ScramClient, type ScramCredential } from "./scram-client.ts";
import {
  clientProof,
  keysOfPassword,
  mockVerifier,
  parseVerifier,
  ScramKeys,
  serverSignature,
  type ScramVerifier,
} from "./scram-keys.ts";
import { ScramServer, type ScramServerOptions } from "./scram-server.ts";
import fc from "fast-check";

const password = new Secret("pencil");
/** What PostgreSQL keeps of "pencil" for the salt and iterations of RFC 7677. */
const verifierText =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const verifier = parse(verifierText);

function parse(text: string): ScramVerifier {
  const parsed = parseVerifier(text);
  if (!parsed) throw new Error("not a verifier");
  return parsed;
}

/** The messages of RFC 7677, section 3. */
const rfc = {
  first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  challenge:
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  withoutProof: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

const binding = Buffer.alloc(32, 0xbb);

function server(options: Partial<ScramServerOptions> = {}): ScramServer {
  return new ScramServer({
    verifier,
    nonce: "servers-nonce",
    channelBinding: undefined,
    isPlus: false,
    ...options,
  });
}

function client(credential: ScramCredential, channelBinding?: Buffer): ScramClient {
  return new ScramClient({ credential, nonce: "clients-nonce", channelBinding });
}

const withPassword = (text = password.reveal()): ScramCredential => ({
  kind: "password",
  password: new Secret(text),
});

/** Both sides against each other, to the end. */
function logIn(one: ScramClient, other: ScramServer): ScramKeys | "refused" {
  const outcome = other.final(one.respond(other.first(one.first())));
  if (outcome.kind === "refused") return "refused";
  one.finish(outcome.message);
  return outcome.keys;
}

test("the server's side is that of RFC 7677", () => {
  const scram = server({ nonce: rfc.serverNonce });
  expect(scram.first(rfc.first)).toBe(rfc.challenge);
  expect(scram.final(`${rfc.withoutProof},p=${rfc.proof}`)).toMatchObject({
    kind: "proved",
    message: `v=${rfc.signature}`,
  });
});

test("the client's side is that of RFC 7677", () => {
  const keys = keysOfPassword(password, Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const authMessage = `${rfc.first.slice(3)},${rfc.challenge},${rfc.withoutProof}`;
  expect(clientProof(keys.clientKey, authMessage).toString("base64")).toBe(rfc.proof);
  expect(serverSignature(keys.serverKey, authMessage).toString("base64")).toBe(rfc.signature);
});

test("a login with the password gives the keys, and the keys log in as well", () => {
  const keys = logIn(client(withPassword()), server()) as ScramKeys;
  const expected = keysOfPassword(password, verifier.salt, verifier.iterations);
  expect(keys.clientKey).toEqual(expected.clientKey);
  expect(keys.serverKey).toEqual(expected.serverKey);
  expect(logIn(client({ kind: "keys", keys }), server())).toBeInstanceOf(ScramKeys);
});

test("case 3: a wrong password is refused, and so is any password of a user that does not exist", () => {
  expect(logIn(client(withPassword("pencil ")), server())).toBe("refused");
  const nobody = mockVerifier(Buffer.from("secret"), "nobody");
  expect(logIn(client(withPassword()), server({ verifier: nobody }))).toBe("refused");
});

test("a user that does not exist has one salt, which only the secret tells from a real one", () => {
  const salt = (secret: string, user: string): string =>
    mockVerifier(Buffer.from(secret), user).salt.toString("hex");
  expect(salt("a", "nobody")).toBe(salt("a", "nobody"));
  expect(new Set([salt("a", "nobody"), salt("b", "nobody"), salt("a", "noone")]).size).toBe(3);
  expect(mockVerifier(Buffer.from("a"), "nobody")).toMatchObject({ iterations: 4096 });
  expect(salt("a", "nobody")).toHaveLength(32);
});

test("case 3: a login over TLS is bound to the server's certificate", () => {
  const plus = { channelBinding: binding, isPlus: true };
  expect(logIn(client(withPassword(), binding), server(plus))).toBeInstanceOf(ScramKeys);
  expect(() => logIn(client(withPassword(), Buffer.alloc(32)), server(plus))).toThrow(
    "SCRAM channel binding check failed",
  );
});

test("case 3: whoever took the binding out of the offer is found out", () => {
  const start = (header: string, options: Partial<ScramServerOptions>): string =>
    server(options).first(`${header},,n=,r=abc`);
  const offered = { channelBinding: binding };
  expect(() => start("y", offered)).toThrow("negotiation error");
  expect(() => start("y", {})).not.toThrow();
  expect(() => start("n", offered)).not.toThrow();
  expect(() => start("n", { ...offered, isPlus: true })).toThrow("no channel binding");
  expect(() => start("y", { ...offered, isPlus: true })).toThrow("no channel binding");
  expect(() => start("p=tls-server-end-point", offered)).toThrow("without SCRAM-SHA-256-PLUS");
  expect(() => start("p=tls-unique", { ...offered, isPlus: true })).toThrow("unsupported");
});

test.each([
  ["", "header"],
  ["n", "header"],
  ["n,", "header"],
  ["x,,n=,r=abc", "flag"],
  ["n,a=admin,n=,r=abc", "authorization identity"],
  ["n,,r=abc", 'attribute "n"'],
  ["n,,n=,r=", "nonce"],
  ["n,,n=,r=\u0007", "nonce"],
  ["n,,n=,r=abc,m=1", "extension"],
])("a first message %j is refused", (message, why) => {
  expect(() => server().first(message)).toThrow(why);
});

test("a last message is refused that answers another challenge, or is malformed", () => {
  const final = (change: (message: string) => string): (() => void) => {
    const [one, other] = [client(withPassword()), server()];
    const message = one.respond(other.first(one.first()));
    return () => other.final(change(message));
  };
  expect(final((message) => message.replace("servers-nonce", "sErvers-nonce"))).toThrow("nonce");
  expect(final((message) => message.replace("c=biws", "c=eSws"))).toThrow("channel-binding");
  expect(final((message) => message.replace("c=biws", "c=!"))).toThrow("channel-binding");
  expect(final((message) => message.slice(0, -4))).toThrow("proof");
  expect(final((message) => `${message},x=1`)).toThrow("end");
  expect(final(() => "")).toThrow('attribute "c"');
});

test("the client refuses a server that does not prove itself, and a challenge that is not its own", () => {
  const scram = client(withPassword());
  const challenge = server().first(scram.first());
  expect(() => scram.respond(challenge.replace("clients", "others"))).toThrow("nonce");
  expect(() => scram.respond(challenge.replace("i=4096", "i=0"))).toThrow("iterations");
  expect(() => scram.respond(challenge.replace("i=4096", "i=99999999"))).toThrow("too many");
  scram.respond(challenge);
  expect(() => scram.finish(`v=${Buffer.alloc(32).toString("base64")}`)).toThrow("did not prove");
  expect(() => scram.finish("e=invalid-proof")).toThrow("invalid-proof");
});

test("a password that would need SASLprep is refused before anything is computed", () => {
  const scram = client(withPassword("pässword"));
  expect(() => scram.respond(server().first(scram.first()))).toThrow("printable ASCII");
});

test.each([
  "",
  "md5d41d8cd98f00b204e9800998ecf8427e",
  verifierText.replace("4096", "0"),
  verifierText.replace("4096", "x"),
  verifierText.replace("qY=", "qY"),
  verifierText.slice(0, -8),
  `${verifierText}$`,
])("%j is no verifier", (text) => {
  expect(parseVerifier(text)).toBeUndefined();
});

test("neither keys nor what holds them print", () => {
  const keys = new ScramKeys(Buffer.from("client key"), Buffer.from("server key"));
  expect(`${JSON.stringify({ keys })} ${String(keys)}`).not.toContain('key"');
  expect(JSON.stringify({ keys })).toBe('{"keys":{}}');
});

test("garbage in an exchange ends in a WireError or a value, and in nothing else", () => {
  const part = fc.constantFrom("n", "y", ",", "=", "r=", "c=biws", "p=", "a", "\u00ff", "m=", "v=");
  const message = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(message, (text) => {
      const [one, other] = [client(withPassword()), server()];
      expect(["value", "WireError"]).toContain(outcomeOf(() => server().first(text)));
      expect(["value", "WireError"]).toContain(outcomeOf(() => one.respond(text)));
      other.first(one.first());
      expect(["value", "WireError"]).toContain(outcomeOf(() => other.final(text)));
      expect(["value", "WireError"]).toContain(outcomeOf(() => one.finish(text)));
    }),
    { numRuns: 1000 },
  );
});
