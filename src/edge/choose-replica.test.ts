import { expect, test } from "vitest";
import { chooseReplica, usableReplicas, type ReplicaView } from "./choose-replica.ts";

const replica = (open: number, isReady = true, wasReady = true): ReplicaView => ({
  open,
  isReady,
  wasReady,
});

test("the one with the fewest under way is next, and among equals it is their turn", () => {
  const [one, two, three] = [replica(3), replica(1), replica(1)];
  const all = [one, two, three];
  expect(chooseReplica(all, 0, undefined)).toBe(two);
  expect(chooseReplica(all, 2, undefined)).toBe(three);
  expect(
    [0, 1, 2].map((turn) => chooseReplica([replica(0), two, replica(0)], turn, undefined)?.open),
  ).toEqual([0, 0, 0]);
});

test("the one that failed is not chosen again, and alone there is nobody else", () => {
  const [one, two] = [replica(0), replica(9)];
  expect(chooseReplica([one, two], 0, one)).toBe(two);
  expect(chooseReplica([one], 0, one)).toBeUndefined();
  expect(chooseReplica([], 7, undefined)).toBeUndefined();
});

test("below the panic threshold all that ever were ready count, and only those", () => {
  const starting = replica(0, false, false);
  const sick = [replica(0, false), replica(1, false)];
  const ready = replica(2);
  expect(usableReplicas([ready, ...sick, starting], 50)).toEqual([ready, ...sick]);
  expect(usableReplicas([ready, ...sick, starting], 30)).toEqual([ready]);
  expect(usableReplicas([...sick], 0)).toEqual([]);
  expect(usableReplicas([ready, replica(3), starting, starting, starting], 50)).toHaveLength(2);
});
