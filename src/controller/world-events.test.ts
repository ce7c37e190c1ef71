import { expect, test } from "vitest";
import type { ApiLinkChange } from "../api/api.ts";
import { linkSettings, openTerms } from "../model/link-settings.ts";
import type { RegionId } from "../model/region.ts";
import { linkChangeEvent, regionActionEvent, regionLostEvent } from "./world-events.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const link = linkSettings([east, west], openTerms);
const told = (change: ApiLinkChange): string => linkChangeEvent(link, change, west, east).message;

test("what was done to a Region is told, with how long it took", () => {
  expect(regionActionEvent(west, "kill", 17)).toEqual({
    kind: "region.killed",
    message: "Region us-west-2 was killed: every process in it is gone.",
    region: west,
    database: undefined,
    details: { tookMs: 17 },
  });
  expect(regionLostEvent(west).kind).toBe("region.lost");
});

test("a change of a link names what was changed, and its direction when it has one", () => {
  expect(told({ rttMs: 400, bandwidth: "1mbit" })).toBe(
    "The link between us-east-1 and us-west-2 was changed: rttMs 400, bandwidth 1mbit.",
  );
  expect(told({ up: false, oneWay: true })).toBe(
    "The link from us-west-2 to us-east-1 was changed: down.",
  );
  expect(told({ reset: true })).toContain("connections reset");
  expect(told({})).toContain("nothing");
});
