import fc from "fast-check";
import { expect, test } from "vitest";
import { CopyDataSplitter } from "./copy-data-splitter.ts";

type Message = { readonly type: string; readonly content: Uint8Array };

function encode({ type, content }: Message): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

function split(stream: Buffer, sizes: readonly number[]): { copied: string[]; other: Buffer } {
  const copied: string[] = [];
  const other: Buffer[] = [];
  const splitter = new CopyDataSplitter({
    onMessage: (kind) => copied.push(Buffer.from([kind]).toString("hex")),
    onMessageBytes: (bytes) => {
      copied[copied.length - 1] += bytes.toString("hex");
    },
    onOther: (bytes) => other.push(Buffer.from(bytes)),
  });
  let at = 0;
  for (const size of [...sizes, stream.length]) {
    splitter.push(stream.subarray(at, at + size));
    at += size;
  }
  return { copied, other: Buffer.concat(other) };
}

const message = fc.record({
  type: fc.constantFrom("d", "D", "C", "Z", "N"),
  content: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

test("wherever the stream is cut, CopyData comes out on one side and the rest untouched on the other", () => {
  const sizes = fc.array(fc.nat({ max: 20 }));
  fc.assert(
    fc.property(fc.array(message), sizes, (messages, cuts) => {
      const { copied, other } = split(Buffer.concat(messages.map(encode)), cuts);
      const isCopyData = ({ type }: Message): boolean => type === "d";
      expect(copied).toEqual(
        messages.filter(isCopyData).map(({ content }) => Buffer.from(content).toString("hex")),
      );
      const rest = messages.filter((one) => !isCopyData(one)).map(encode);
      expect(other).toEqual(Buffer.concat(rest));
    }),
  );
});

test("messages without content do not confuse it", () => {
  const empty = (type: string): Buffer => encode({ type, content: Buffer.alloc(0) });
  const last = encode({ type: "d", content: Buffer.from([7, 8]) });
  const { copied, other } = split(Buffer.concat([empty("d"), empty("c"), last]), []);
  expect(copied).toEqual(["0708"]);
  expect(other).toEqual(empty("c"));
});

test("what is not PostgreSQL's protocol is refused", () => {
  expect(() => split(Buffer.from("d\0\0\0\0"), [])).toThrow("length of 0");
});
