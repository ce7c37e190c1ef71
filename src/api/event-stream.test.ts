import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamReader, type StreamMessage } from "./event-stream.ts";
import { formatMessage, heartbeat } from "./sse.ts";

test("what is written is read, however it is cut into pieces", () => {
  const messages = fc.array(
    fc.record({
      event: fc.constantFrom("status", "event"),
      id: fc.option(fc.nat(), { nil: undefined }),
      data: fc.json(),
    }),
  );
  fc.assert(
    fc.property(messages, fc.array(fc.nat(500)), (written, cuts) => {
      const text = written.map((one) => heartbeat + formatMessage(one)).join("");
      const reader = new EventStreamReader();
      const read: StreamMessage[] = [];
      let at = 0;
      for (const end of [...cuts.toSorted((a, b) => a - b), text.length]) {
        read.push(...reader.take(text.slice(at, Math.max(at, end))));
        at = Math.max(at, end);
      }
      expect(read).toEqual(written.map((one) => ({ ...one, id: one.id?.toString() })));
    }),
  );
});

test("lines may end with a carriage return", () => {
  const read = new EventStreamReader().take("event: status\r\ndata: {}\r\n\r\n");
  expect(read).toEqual([{ event: "status", id: undefined, data: "{}" }]);
});
