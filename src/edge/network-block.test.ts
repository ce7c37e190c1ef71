import fc from "fast-check";
import { expect, test } from "vitest";
import { isInNetwork, parseAddress, parseNetwork } from "./network-block.ts";

test.for([
  "",
  "127.0.0",
  "127.0.0.256",
  "127.0.0.1/33",
  "127.0.0.1/x",
  "a.b.c.d",
  "127.0.0.1 ",
  "1.2.3.4.5",
])("%o is no network", (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});

test("an address is in its own network of every length", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      fc.tuple(byte, byte, byte, byte),
      fc.integer({ min: 0, max: 32 }),
      (bytes, bits) => {
        const address = parseAddress(bytes.join("."));
        const network = parseNetwork(`${bytes.join(".")}/${bits}`);
        expect(
          address !== undefined && network !== undefined && isInNetwork(address, network),
        ).toBe(true);
      },
    ),
  );
});
