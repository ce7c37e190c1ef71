import { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { edgeLimits } from "./limits.ts";
import { Tunnel } from "./tunnel.ts";

test("a side that has gone before they are joined closes the other, after whoever joined them has the tunnel", async () => {
  const [gone, other] = [new Socket(), new Socket()];
  gone.destroy();
  const closed: Tunnel[] = [];
  const tunnel = new Tunnel([gone, other], edgeLimits, () => closed.push(tunnel));
  expect(closed).toEqual([]);
  await setImmediate();
  expect(closed).toEqual([tunnel]);
  expect(other.destroyed).toBe(true);
});
