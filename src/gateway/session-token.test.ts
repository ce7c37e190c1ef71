import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Lsn } from "../model/lsn.ts";
import type { Epoch, SystemId } from "../model/region.ts";
import { SessionToken } from "./session-token.ts";
import type { TimelineKnowledge, Token } from "./token.ts";
import { type WriteMark, WriteMarks } from "./write-marks.ts";

const systemId = "7" as SystemId;
const at = (timeline: number, lsn: number): Token => ({ systemId, timeline, lsn });
const never = new AbortController().signal;

/** What is known when timeline 2 has left timeline 1 at `lsn`; without one, when nobody has heard of it. */
function known(lsn?: number): TimelineKnowledge {
  const forks = lsn === undefined ? [] : [{ timeline: 2, parent: 1, lsn: BigInt(lsn) as Lsn }];
  return { systemId, forks, timeline: lsn === undefined ? 1 : 2 };
}

test("of one timeline the furthest is held, and one of an older timeline changes nothing", () => {
  const seen = new SessionToken(undefined);
  for (const token of [at(1, 100), at(1, 50)]) seen.learnt(token, known());
  expect(seen.latest).toEqual(at(1, 100));
  seen.learnt(at(2, 120), known(110));
  seen.learnt(at(1, 500), known(110));
  expect(seen.latest).toEqual(at(2, 120));
  expect(seen.whyLost(known(110))).toBeUndefined();
});

test("case 42: while nobody knows where the new timeline began both are kept, and the loss is told when somebody does", () => {
  const seen = new SessionToken(at(1, 100));
  seen.learnt(at(2, 95), known());
  expect(seen.latest).toEqual(at(2, 95));
  expect(seen.whyLost(known())).toBeUndefined();
  seen.adopt(known(90));
  expect(seen.whyLost(known(90))).toContain("of timeline 1");
  seen.forget();
  expect(seen.whyLost(known(90))).toBeUndefined();
  expect(seen.latest).toEqual(at(2, 95));
});

test("case 42: where nothing was lost the newer takes the place of the older, whenever that is known", () => {
  for (const when of ["before", "after"]) {
    const seen = new SessionToken(at(1, 100));
    seen.learnt(at(2, 150), when === "before" ? known(120) : known());
    seen.adopt(known(120));
    expect(seen.whyLost(known(120))).toBeUndefined();
    expect(seen.latest).toEqual(at(2, 150));
  }
});

test("what another database system has told is lost with it", () => {
  const seen = new SessionToken(at(1, 100));
  const other = { ...known(), systemId: "8" as SystemId };
  seen.learnt({ ...at(1, 5), systemId: "8" as SystemId }, other);
  expect(seen.whyLost(other)).toContain("database system 7");
  seen.forget();
  expect(seen.whyLost(other)).toBeUndefined();
});

/** A writer here whose WAL ends wherever `lsn` says. */
class Here {
  readonly clock = new SimClock();
  lsn = 0;
  isDown = false;
  asked = 0;
  readonly marks = new WriteMarks({ clock: this.clock, position: () => this.#position() }, never);

  constructor() {
    this.marks.follow({ epoch: 1 as Epoch, line: { systemId, timeline: 1 } });
  }

  /** A session that was answered now. */
  answered(): SessionToken {
    const seen = new SessionToken(undefined);
    const mark: WriteMark | undefined = this.marks.mark();
    if (mark) seen.marked(mark);
    return seen;
  }

  async #position(): Promise<Token> {
    this.asked += 1;
    if (this.isDown) throw new Error("it is down");
    return Promise.resolve(at(1, this.lsn));
  }
}

test("case 42: in the writer's Region who was answered before the last question is judged by its answer", async () => {
  const here = new Here();
  here.lsn = 100;
  const early = here.answered();
  await here.clock.drive(() => here.clock.sleep(1_000, never));
  here.lsn = 200;
  const late = here.answered();
  expect(early.whyLost(known(150))).toBeUndefined();
  here.marks.follow(undefined);
  for (const seen of [early, late]) seen.adopt(known(150));
  expect(early.latest).toEqual(at(1, 100));
  expect(early.whyLost(known(150))).toBeUndefined();
  // Nobody has asked since.
  expect(late.whyLost(known(150))).toContain("of timeline 1");
});

test("a question that failed is made good by the next, and sessions that are quiet are not asked for", async () => {
  const here = new Here();
  here.isDown = true;
  const seen = here.answered();
  await here.clock.drive(() => here.clock.sleep(1_000, never));
  expect(here.asked).toBe(1);
  here.isDown = false;
  here.lsn = 300;
  here.answered();
  await here.clock.drive(() => here.clock.sleep(1_000, never));
  expect(here.asked).toBe(2);
  here.marks.follow(undefined);
  seen.adopt(known(400));
  expect(seen.latest).toEqual(at(1, 300));
  expect(here.marks.mark()).toBeUndefined();
});

test("a hold asks for the last position of all, and an epoch by itself ends nothing", async () => {
  const here = new Here();
  here.lsn = 700;
  const seen = here.answered();
  await here.marks.settle();
  here.marks.follow({ epoch: 2 as Epoch, line: { systemId, timeline: 1 } });
  seen.adopt(known());
  expect(seen.latest).toBeUndefined();
  here.marks.follow({ epoch: 4 as Epoch, line: { systemId, timeline: 3 } });
  seen.adopt(known());
  expect(seen.latest).toEqual(at(1, 700));
});
