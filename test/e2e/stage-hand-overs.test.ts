import { expect, test } from "vitest";
import { east, west, type RegionName } from "../../scenarios/stage.ts";
import type { StageAck } from "./stage-clients.ts";
import { handOvers, thawedAckMsMax, type Thaw } from "./stage-hand-overs.ts";

const thaws: readonly Thaw[] = [{ region: east, atMs: 1_000 }];

function ack(region: RegionName, sentAtMs: number, atMs = sentAtMs + 1): StageAck {
  return { id: sentAtMs, region, sentAtMs, atMs };
}

/** East is frozen, west takes over, east thaws at 1000 and acknowledges `late`. */
function movesWith(late: StageAck): number {
  return handOvers([ack(east, 100), ack(west, 900), late, ack(west, 3_000)], thaws).length;
}

test("a write that was answered soon after the thaw is no hand-over", () => {
  expect(movesWith(ack(east, 130, 1_002))).toBe(1);
});

test.for([
  ["answered long after the thaw", ack(east, 130, 1_001 + thawedAckMsMax)],
  ["answered before the thaw", ack(east, 130, 999)],
] as const)("a write of the old side that was %s is a hand-over there and back", ([, late]) => {
  expect(movesWith(late)).toBe(3);
});

test("the thaw of one Region explains nothing that another one acknowledged", () => {
  const acks = [ack(west, 100), ack(east, 900), ack(west, 130, 1_002), ack(east, 3_000)];
  expect(handOvers(acks, thaws).length).toBe(3);
});
