import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeStartupRequest,
  encodeCancelRequest,
  encodeStartup,
  gssencRequest,
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  protocolText,
  sslRequest,
  startupRequestBytes,
} from "./startup-messages.ts";
import { outcomeOf } from "../../../test/wire-outcome.ts";
import { WireError } from "./wire-error.ts";

test("case 2: each request is told from the others", () => {
  expect(decodeStartupRequest(sslRequest)).toEqual({ kind: "ssl" });
  expect(decodeStartupRequest(gssencRequest)).toEqual({ kind: "gssenc" });
  const parameters = new Map([
    ["user", "ünä"],
    ["database", "orders"],
    ["options", ""],
  ]);
  for (const protocol of [PROTOCOL_3_0, PROTOCOL_3_2, 0x0003_270f]) {
    expect(decodeStartupRequest(encodeStartup(protocol, parameters))).toEqual({
      kind: "startup",
      protocol,
      parameters,
      protocolOptions: [],
    });
  }
  expect(decodeStartupRequest(encodeStartup(0x0002_0000, parameters))).toEqual({
    kind: "unsupported",
    protocol: 0x0002_0000,
  });
  expect(protocolText(PROTOCOL_3_2)).toBe("3.2");
});

test("case 2: options of the protocol are listed, and are no settings", () => {
  const startup = encodeStartup(PROTOCOL_3_2, [
    ["user", "app"],
    ["_pq_.compression", "zstd"],
  ]);
  expect(decodeStartupRequest(startup)).toMatchObject({
    parameters: new Map([["user", "app"]]),
    protocolOptions: ["_pq_.compression"],
  });
});

test("case 10: a cancel request has a secret of 4 to 256 bytes", () => {
  const request = (length: number): Buffer =>
    encodeCancelRequest({ processId: -7, secret: Buffer.alloc(length, 0xab) });
  for (const length of [4, 32, 256]) {
    expect(decodeStartupRequest(request(length))).toEqual({
      kind: "cancel",
      key: { processId: -7, secret: Buffer.alloc(length, 0xab) },
    });
  }
  for (const length of [0, 3, 257]) {
    expect(() => decodeStartupRequest(request(length))).toThrow(WireError);
  }
});

test("a length beyond the limits is refused by its four bytes alone", () => {
  const claim = (length: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    return bytes;
  };
  expect(startupRequestBytes(claim(10_000))).toBe(10_000);
  expect(startupRequestBytes(Buffer.alloc(3))).toBeUndefined();
  for (const length of [0, 7, 10_001, 2 ** 32 - 1]) {
    expect(() => startupRequestBytes(claim(length))).toThrow(WireError);
  }
  expect(() => startupRequestBytes(Buffer.from("GET / HTTP/1.1\r\n"))).toThrow(WireError);
});

test("a startup packet that is not pairs up to its end is refused", () => {
  const whole = encodeStartup(PROTOCOL_3_0, [["user", "app"]]);
  const resize = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeInt32BE(copy.length);
    return copy;
  };
  for (let end = 9; end < whole.length; end += 1) {
    expect(() => decodeStartupRequest(resize(whole.subarray(0, end)))).toThrow("terminator");
  }
  expect(() => decodeStartupRequest(resize(Buffer.concat([whole, Buffer.alloc(1)])))).toThrow(
    "terminator",
  );
});

test("garbage in a startup packet ends in a WireError or a value, and in nothing else", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(PROTOCOL_3_0, 80_877_102, 80_877_103, 80_877_104, 7),
      (content, code) => {
        const bytes = Buffer.concat([Buffer.alloc(8), content]);
        bytes.writeInt32BE(bytes.length);
        bytes.writeInt32BE(code, 4);
        expect(["value", "WireError"]).toContain(outcomeOf(() => decodeStartupRequest(bytes)));
      },
    ),
    { numRuns: 2000 },
  );
});
