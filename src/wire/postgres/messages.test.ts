/** Every message, both ways: what is written is what is read, and what nobody wrote is refused in order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as authentication from "./authentication-messages.ts";
import * as backend from "./backend-messages.ts";
import * as errors from "./error-response.ts";
import * as frontend from "./frontend-messages.ts";
import { outcomeOf } from "../../../test/wire-outcome.ts";
import { WireError } from "./wire-error.ts";

type Decoder = (bytes: Buffer, start: number, end: number) => unknown;

/** A text of the protocol cannot contain a zero. */
const text = fc
  .string({ unit: "grapheme", maxLength: 100 })
  .map((value) => value.replaceAll("\0", ""));
const name = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)).toString("latin1"));
const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const oid = fc.nat(2 ** 32 - 1);
const oids: fc.Arbitrary<readonly number[]> = fc.array(oid);
const target = fc.constantFrom("statement" as const, "portal" as const);

/** Decodes in the middle of other bytes, as in a chunk. */
function decodeAmid<T>(
  decoder: (bytes: Buffer, start: number, end: number) => T,
  message: Buffer,
): T {
  const amid = Buffer.concat([Buffer.alloc(7, 0x5a), message, Buffer.alloc(9, 0x5a)]);
  return decoder(amid, 7, 7 + message.length);
}

function expectIdentity<T>(
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Buffer,
  decode: (bytes: Buffer, start: number, end: number) => T,
): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const message = encode(value);
      expect(message.readInt32BE(1)).toBe(message.length - 1);
      expect(decodeAmid(decode, message)).toEqual(value);
    }),
    { numRuns: 200 },
  );
}

const sqlAt =
  <T extends frontend.SqlRange>(decoder: (bytes: Buffer, start: number, end: number) => T) =>
  (all: Buffer, start: number, end: number): Omit<T, "sqlStart" | "sqlEnd"> & { sql: string } => {
    const { sqlStart, sqlEnd, ...rest } = decoder(all, start, end);
    return { ...rest, sql: all.toString("utf8", sqlStart, sqlEnd) };
  };

test("what a client's message says is read as it was written", () => {
  expect.hasAssertions();
  expectIdentity(
    fc.record({ sql: text }),
    ({ sql }) => frontend.encodeQuery(sql),
    sqlAt(frontend.decodeQuery),
  );
  expectIdentity(
    fc.record({ name, sql: text, parameterTypes: oids }),
    (parse) => frontend.encodeParse(parse.name, parse.sql, parse.parameterTypes),
    sqlAt(frontend.decodeParse),
  );
  expectIdentity(
    fc.record({ portal: name, statement: name }),
    (bind) => frontend.encodeBind({ ...bind, values: ["one", undefined, Buffer.alloc(3)] }),
    frontend.decodeBind,
  );
  expectIdentity(
    fc.record({ kind: target, name }),
    (of) => frontend.encodeDescribe(of.kind, of.name),
    frontend.decodeDescribe,
  );
  expectIdentity(
    fc.record({ kind: target, name }),
    (of) => frontend.encodeClose(of.kind, of.name),
    frontend.decodeClose,
  );
  expectIdentity(
    fc.record({ portal: name, rowsMax: int32 }),
    (execute) => frontend.encodeExecute(execute.portal, execute.rowsMax),
    frontend.decodeExecute,
  );
  expectIdentity(text, frontend.encodeCopyFail, frontend.decodeCopyFail);
  expectIdentity(bytes, frontend.encodeCopyData, frontend.decodeCopyData);
});

test("a Parse of a text given as bytes is that of the text", () => {
  expect(frontend.encodeParse("s", Buffer.from("SELECT 'ü'"), [23])).toEqual(
    frontend.encodeParse("s", "SELECT 'ü'", [23]),
  );
});

test("what a server's message says is read as it was written", () => {
  expect.hasAssertions();
  expectIdentity(
    fc.constantFrom("idle" as const, "open" as const, "failed" as const),
    (status) => backend.readyForQuery[status],
    backend.decodeReadyForQuery,
  );
  expectIdentity(
    fc.record({ name: text, value: text }),
    (setting) => backend.encodeParameterStatus(setting.name, setting.value),
    backend.decodeParameterStatus,
  );
  const secret = fc
    .uint8Array({ minLength: 4, maxLength: 256, size: "max" })
    .map((value) => Buffer.from(value));
  expectIdentity(
    fc.record({ processId: int32, secret }),
    backend.encodeBackendKeyData,
    backend.decodeBackendKeyData,
  );
  expectIdentity(text, backend.encodeCommandComplete, backend.decodeCommandComplete);
  const column = fc.record({ name: text, oid, size: fc.integer({ min: -32768, max: 32767 }) });
  expectIdentity(fc.array(column), backend.encodeRowDescription, backend.decodeRowDescription);
  expectIdentity(
    fc.array(fc.option(text, { nil: undefined })),
    backend.encodeDataRow,
    backend.decodeDataRow,
  );
  expectIdentity(
    fc.record({ processId: int32, channel: text, payload: text }),
    backend.encodeNotification,
    backend.decodeNotification,
  );
  expectIdentity(
    fc.record({ isBinary: fc.boolean(), columns: fc.nat(1600) }),
    (copy) => backend.encodeCopyResponse("out", copy),
    backend.decodeCopyResponse,
  );
  expectIdentity(
    fc.record({ protocol: fc.constantFrom(0x30000, 0x30002), unknownOptions: fc.array(text) }),
    backend.encodeNegotiateProtocolVersion,
    backend.decodeNegotiateProtocolVersion,
  );
});

test("what both say during a login is read as it was written", () => {
  const mechanism = text.filter((value) => value !== "");
  expectIdentity(
    fc.record({ kind: fc.constant("sasl" as const), mechanisms: fc.array(mechanism) }),
    ({ mechanisms }) => authentication.encodeSasl(mechanisms),
    authentication.decodeAuthentication as (
      bytes: Buffer,
      start: number,
      end: number,
    ) => { kind: "sasl"; mechanisms: string[] },
  );
  expectIdentity(
    fc.record({ mechanism, data: fc.option(name, { nil: undefined }) }),
    authentication.encodeSaslInitialResponse,
    authentication.decodeSaslInitialResponse,
  );
  expectIdentity(name, authentication.encodeSaslResponse, authentication.decodeSaslResponse);
  expect(
    [
      authentication.authenticationOk,
      authentication.encodeSaslContinue("r=1"),
      authentication.encodeSaslFinal("v=1"),
      Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]),
    ].map((message) => decodeAmid(authentication.decodeAuthentication, message)),
  ).toEqual([
    { kind: "ok" },
    { kind: "sasl-continue", data: "r=1" },
    { kind: "sasl-final", data: "v=1" },
    { kind: "unsupported", method: "MD5" },
  ]);
});

test("what an error says is read as it was written", () => {
  expect.hasAssertions();
  const optional = fc.option(text, { nil: undefined });
  const error = fc.record({
    severity: fc.constantFrom("ERROR" as const, "FATAL" as const, "NOTICE" as const),
    code: fc.constantFrom("08P01", "25006", "XX000"),
    message: text,
    detail: optional,
    hint: optional,
    position: fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
    routine: optional,
  });
  expectIdentity(error, errors.encodeError, errors.decodeError);
  expectIdentity(error, errors.encodeNotice, errors.decodeError);
});

test("a text with a zero cannot smuggle another field into an error", () => {
  const error = errors.pgError({ severity: "ERROR", code: "42601", message: "a\0Ccode" });
  expect(decodeAmid(errors.decodeError, errors.encodeError(error)).message).toBe("aCcode");
});

const decoders = Object.entries({ ...frontend, ...backend, ...authentication, ...errors })
  .filter(([key]) => key.startsWith("decode"))
  .map(([, value]) => value as unknown as Decoder);

test("garbage in a message ends in a WireError or a value, and in nothing else", () => {
  expect(decoders.length).toBe(22);
  const huge = Buffer.alloc(5 + 2, 0xff);
  for (const decoder of decoders) {
    fc.assert(
      fc.property(bytes, fc.nat(300), (content, cutAt) => {
        const message = Buffer.concat([Buffer.from([0x50, 0, 0, 0, 0]), content]);
        const end = Math.min(message.length, cutAt);
        expect(["value", "WireError"]).toContain(outcomeOf(() => decoder(message, 0, end)));
      }),
      { numRuns: 200 },
    );
    expect(["value", "WireError"]).toContain(outcomeOf(() => decoder(huge, 0, huge.length)));
  }
});

test("a message that is cut, or too long, is refused", () => {
  const parse = frontend.encodeParse("name", "SELECT 1", [23, 25]);
  for (let end = 0; end < parse.length; end += 1) {
    expect(() => frontend.decodeParse(parse, 0, end)).toThrow(WireError);
  }
  const longer = Buffer.concat([parse, Buffer.alloc(1)]);
  expect(() => frontend.decodeParse(longer, 0, longer.length)).toThrow("1 bytes are left over");
  expect(() => frontend.expectEmpty("Sync", 0, 6)).toThrow("malformed Sync message");
  expect(() => frontend.expectEmpty("Sync", 3, 8)).not.toThrow();
});
