import { expect, test } from "vitest";
import { decideLoss, type LossView } from "./decide-loss.ts";

const read = { hasAnswered: false, isReplayable: true, commits: false, canBeFound: false };
const write = { ...read, isReplayable: false };
const view: LossView = {
  because: "its connection was closed",
  isInTransaction: false,
  isPinned: false,
  unit: read,
  isInsideMessage: false,
};

/** The kind, and the code where the client is told one. */
function decide(fields: Partial<LossView>): string {
  const decision = decideLoss({ ...view, ...fields });
  return "error" in decision ? `${decision.kind} ${decision.error.code}` : decision.kind;
}

test("a read of which nothing was answered is asked again, and nobody hears of it", () => {
  expect(decide({})).toBe("retry");
  expect(decide({ unit: { ...read, hasAnswered: true } })).toBe("error 08006");
});

test("whether a statement by itself has written is in doubt", () => {
  expect(decide({ unit: write })).toBe("error 08007");
  expect(decide({ unit: { ...write, hasAnswered: true } })).toBe("error 08007");
});

test("a transaction is lost, unless it was committing: then that is in doubt", () => {
  const lost = { isInTransaction: true };
  expect(decide({ ...lost, unit: write })).toBe("error 40001");
  expect(decide({ ...lost, unit: { ...write, commits: true } })).toBe("error 08007");
  expect(decideLoss({ ...view, ...lost, unit: write })).toMatchObject({ status: "E" });
  expect(decideLoss({ ...view, ...lost, unit: { ...write, commits: true } })).toMatchObject({
    status: "I",
  });
});

test("a commit that can be found out is, unless the client has heard something or was bound to the server", () => {
  const commit = { ...write, commits: true, canBeFound: true };
  const committing = { isInTransaction: true, unit: commit };
  expect(decide(committing)).toBe("find-out");
  expect(decide({ ...committing, unit: { ...commit, canBeFound: false } })).toBe("error 08007");
  expect(decide({ ...committing, unit: { ...commit, hasAnswered: true } })).toBe("error 08007");
  expect(decide({ ...committing, isPinned: true })).toBe("error 08007");
});

test("between two statements, who has a transaction hears of its loss with the next one", () => {
  expect(decide({ unit: undefined, isInTransaction: true })).toBe("remember");
  expect(decide({ unit: undefined })).toBe("nothing");
});

test("a pinned session ends, because what bound it is gone", () => {
  expect(decide({ isPinned: true, unit: undefined })).toBe("end 57P01");
  expect(decide({ isPinned: true })).toBe("end 08006");
  expect(decide({ isPinned: true, unit: write })).toBe("end 08007");
});

test("a stream that broke inside a message is cut, whatever it was", () => {
  for (const unit of [read, write, undefined]) {
    expect(decide({ isInsideMessage: true, unit })).toBe("cut");
  }
});
