import fc from "fast-check";
import { expect, test } from "vitest";
import { framed, StreamMessages } from "./stream-messages.ts";

test("messages come whole and in order, however their bytes are cut", () => {
  const message = fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets));
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat(50)), (messages, cuts) => {
      const stream = Buffer.concat(messages.map(framed));
      const reader = new StreamMessages(40);
      const read: string[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        const piece = Buffer.from(stream.subarray(at, at + cut));
        at += cut;
        expect(reader.feed(piece, (one) => read.push(one.toString("hex")))).toBe(true);
        // The memory is its owner's again.
        piece.fill(0xff);
      }
      expect(read).toEqual(messages.map((one) => one.toString("hex")));
      expect(reader.isWithin).toBe(false);
    }),
  );
});

test("a message that is too long is refused at its announcement", () => {
  const reader = new StreamMessages(10);
  expect(reader.feed(framed(Buffer.alloc(10)), () => undefined)).toBe(true);
  expect(reader.feed(Buffer.from([0, 11]), () => undefined)).toBe(false);
});
