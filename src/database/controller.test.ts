import { expect, test } from "vitest";
import { west, requestOf } from "../../test/database-fixtures.ts";
import { inWorld } from "../../test/controlled-world.ts";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";

const never = new AbortController().signal;

/** One tick a second, and one for each report of the three agents. */
const looksPerSecond = 4;
/** One of the operation, and one of the record. */
const asksPerLook = 2;

test("a store that always fails is asked at each look, and not for ever", () =>
  inWorld(async (world) => {
    const { id } = await world.operate(requestOf("switchover", west));
    const present = world.onCommit;
    let asked = 0;
    world.onCommit = () => async () => {
      asked += 1;
      assert(asked < 1_000, "the controller goes round in circles");
      throw new Failure("disk.full", "the disk of the controller is full");
    };
    await world.pass(10_000);
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(10 * looksPerSecond * asksPerLook);
    world.onCommit = present;
    await world.controller.cancel(id, never);
    expect((await world.ended(id)).outcome).toBe("rolled-back");
  }));
