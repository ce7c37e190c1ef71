import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeParse,
} from "./frontend-messages.ts";
import { withStatementName } from "./statement-renaming.ts";
import { WireError } from "./wire-error.ts";

const name = fc.stringMatching(/^[\x20-\x7e]{0,70}$/);
const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));

function rename(message: Buffer, to: string): Buffer {
  const amid = Buffer.concat([Buffer.alloc(11, 1), message, Buffer.alloc(3, 2)]);
  return withStatementName(amid, 11, 11 + message.length, to);
}

test("a renamed message is the one that was written with the new name", () => {
  fc.assert(
    fc.property(name, name, name, bytes, (from, to, portal, value) => {
      const bind = (statement: string): Buffer =>
        encodeBind({ portal, statement, values: [value, undefined, "x"], resultFormats: [1] });
      expect(rename(bind(from), to)).toEqual(bind(to));
      expect(rename(encodeParse(from, "SELECT $1", [23]), to)).toEqual(
        encodeParse(to, "SELECT $1", [23]),
      );
      expect(rename(encodeDescribe("statement", from), to)).toEqual(
        encodeDescribe("statement", to),
      );
      expect(rename(encodeClose("statement", from), to)).toEqual(encodeClose("statement", to));
    }),
  );
});

test("a message that names no statement cannot be renamed", () => {
  expect(() => rename(encodeDescribe("portal", "p"), "L1")).toThrow(WireError);
  expect(() => rename(encodeExecute("p"), "L1")).toThrow(WireError);
  const bind = encodeBind({ portal: "p", statement: "s", values: [] });
  expect(() => withStatementName(bind, 0, 7, "L1")).toThrow(WireError);
});
