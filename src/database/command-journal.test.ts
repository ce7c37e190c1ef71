import { beforeEach, expect, test } from "vitest";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { Life } from "../../sim/life.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import type { Lsn } from "../model/lsn.ts";
import type {
  ControllerTerm,
  DatabaseId,
  Epoch,
  OperationId,
  RegionId,
  SystemId,
} from "../model/region.ts";
import { CommandJournal } from "./command-journal.ts";

const path = "agent.json";
const [term1, term2] = [1, 2] as [ControllerTerm, ControllerTerm];
const assignment: Assignment = {
  database: "orders" as DatabaseId,
  number: 1,
  epoch: 3 as Epoch,
  version: 7,
  systemId: "7001" as SystemId,
  role: "primary",
  writer: "us-east-1" as RegionId,
  upstream: undefined,
  slots: [],
  forks: [{ timeline: 2, parent: 1, lsn: 42n as Lsn }],
  operation: undefined,
  failsafe: [],
  rpoGuardMs: 0,
  isPromoted: true,
};
const target = { database: "orders" as DatabaseId, number: 1 };
const other: Assignment = { ...assignment, database: "carts" as DatabaseId };
const operation = "switchover-orders-3-1" as OperationId;
const mark = { operation, epoch: 3 as Epoch, version: 7, how: "shut-down" } as const;
const command: Command = {
  id: "build/orders/us-east-1/1/2.1",
  term: term2,
  epoch: 3 as Epoch,
  version: 7,
  operation: "build",
  step: "create",
  database: "orders" as DatabaseId,
  number: 1,
  action: { kind: "create", databaseName: "orders", owner: undefined, roles: [] },
};
const superseded: unknown = expect.objectContaining({ code: "agent.superseded" });

let disk = new SimFileDisk();
const open = (): CommandJournal => new CommandJournal(new SimFiles(disk, new Life()), path);
beforeEach(() => {
  disk = new SimFileDisk();
});

test("A2: a controller of a lower term is refused, also after a restart of the agent", () => {
  open().obey(term2, [assignment]);
  expect(() => open().obey(term1, [assignment])).toThrow(superseded);
  expect(() => open().admit({ ...command, term: term1 })).toThrow(superseded);
});

test("A2: a command makes its controller's term known as well as an assignment does", () => {
  open().admit(command);
  expect(() => open().obey(term1, [assignment])).toThrow(superseded);
});

test("A2: a lower epoch, or an older version of the record, is refused and changes nothing", () => {
  open().obey(term1, [assignment]);
  for (const change of [{ epoch: 2 as Epoch, version: 8 }, { version: 6 }]) {
    const older = { ...assignment, ...change };
    expect(open().obey(term2, [older])).toEqual([older]);
    expect(() => open().admit({ ...command, ...change })).toThrow(superseded);
  }
  expect(open().assignments).toEqual([assignment]);
});

test("A2: a stale assignment does not keep the others of its answer from being obeyed", () => {
  open().obey(term1, [assignment, other]);
  const newer = { ...other, version: 9 };
  expect(open().obey(term1, [{ ...assignment, version: 6 }, newer])).toHaveLength(1);
  expect(open().assignments).toEqual([assignment, newer]);
});

test("A2: what was obeyed is remembered after the instance was taken away", () => {
  open().obey(term1, [assignment]);
  open().obey(term1, []);
  expect(open().assignments).toEqual([]);
  expect(open().obey(term1, [{ ...assignment, version: 6 }])).toHaveLength(1);
  expect(open().epochOf(target.database)).toBe(3);
});

test("A2: an answer to a question for commands takes no instance away", () => {
  open().obey(term1, [assignment, other]);
  open().obey(term1, [other], "news");
  expect(open().assignments).toHaveLength(2);
});

test("A2: a command of the operation that still holds the system is no older than its record", () => {
  open().obey(term2, [{ ...assignment, version: 8, operation }]);
  open().admit({ ...command, operation });
  open().obey(term2, [{ ...assignment, version: 9, epoch: 4 as Epoch, operation }]);
  expect(() => open().admit({ ...command, operation })).toThrow(superseded);
});

test("A14: a writer that handed over stays down until a newer version says otherwise", () => {
  const held = { ...assignment, operation };
  open().obey(term1, [held]);
  open().noteHandOver(target.database, mark);
  const isMarked = (change: Partial<Assignment>): boolean => {
    open().obey(term1, [{ ...held, ...change }]);
    return open().handedOver(target) !== undefined;
  };
  expect(isMarked({})).toBe(true);
  expect(isMarked({ operation: undefined })).toBe(true);
  expect(isMarked({ version: 8 })).toBe(true);
  expect(isMarked({ version: 9, operation: undefined })).toBe(false);
});

test("A14: a new epoch ends a hand-over, also while the operation goes on", () => {
  open().noteHandOver(target.database, mark);
  expect(open().handedOver(target)).toEqual(mark);
  open().obey(term1, [{ ...assignment, operation, epoch: 4 as Epoch, version: 8 }]);
  expect(open().handedOver(target)).toBeUndefined();
});

test("A16: a seal is there after a restart, and ends with its operation", () => {
  open().obey(term1, [{ ...assignment, operation }]);
  open().noteSealed(target.database, { operation, epoch: 3 as Epoch, version: 7 });
  expect(open().sealedEpoch(target.database)).toBe(3);
  open().noteSealed(target.database, { operation, epoch: 9 as Epoch, version: 6 });
  expect(open().sealedEpoch(target.database)).toBe(3);
  open().obey(term1, [{ ...assignment, version: 8 }]);
  expect(open().sealedEpoch(target.database)).toBe(0);
});

test("a state of the first version is read, and holds no list of Regions to ask for promises", () => {
  const progress = { id: "build/1", outcome: "done", because: "create" };
  const { version: _, writer: __, forks, failsafe, rpoGuardMs, ...rest } = assignment;
  const first = { ...rest, upstream: null };
  disk.texts.set(
    path,
    JSON.stringify({
      version: 1,
      term: 1,
      assignments: [first],
      commands: { "orders/1": progress },
    }),
  );
  expect(open().assignments).toEqual([
    { ...assignment, version: 0, forks: [], operation: undefined, writer: undefined },
  ]);
  expect(open().commands(target)).toEqual([{ ...progress, result: undefined }]);
  expect([forks.length, failsafe, rpoGuardMs]).toEqual([1, [], 0]);
});

test("a state of the second version is read, and does not say where the writer is", () => {
  open().obey(term1, [assignment]);
  const now = JSON.parse(disk.texts.get(path) ?? "") as { readonly assignments: object[] };
  const assignments = now.assignments.map((one) => ({ ...one, writer: undefined }));
  disk.texts.set(path, JSON.stringify({ ...now, version: 2, assignments }));
  expect(open().assignments).toEqual([{ ...assignment, writer: undefined }]);
});

test("A5: assignments are there after a restart", () => {
  open().obey(term1, [assignment]);
  expect(open().assignments).toEqual([assignment]);
});

test("A7: a command's outcome is there after a restart", () => {
  const result = {
    kind: "token",
    systemId: "7001" as SystemId,
    timeline: 1,
    lsn: 9n as Lsn,
  } as const;
  const progress = { id: command.id, outcome: "done", because: "create", result } as const;
  open().note(target, progress);
  expect(open().commands(target)).toEqual([progress]);
  expect(open().commands({ ...target, number: 2 })).toEqual([]);
  for (let id = 0; id < 20; id++) open().note(target, { ...progress, id: `${id}` });
  expect(
    open()
      .commands(target)
      .map(({ id }) => id),
  ).toEqual(Array.from({ length: 8 }, (_, index) => `${index + 12}`));
});

test("A7: what could not be written is not remembered either", () => {
  const journal = open();
  disk.isFull = true;
  expect(() => journal.obey(term2, [assignment])).toThrow(
    expect.objectContaining({ code: "disk.full" }) as Error,
  );
  expect(journal.assignments).toEqual([]);
  disk.isFull = false;
  journal.obey(term1, [assignment]);
  expect(open().assignments).toEqual([assignment]);
});

test("A2: a state that cannot be understood stops the agent instead of being forgotten", () => {
  disk.texts.set(path, '{"version":1,"term":');
  expect(open).toThrow(expect.objectContaining({ code: "state.damaged" }) as Error);
});
