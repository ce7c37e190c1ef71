import { beforeEach, expect, test } from "vitest";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { Life } from "../../sim/life.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import type { ControllerTerm, DatabaseId, Epoch, SystemId } from "../model/region.ts";
import { CommandJournal } from "./command-journal.ts";

const path = "agent.json";
const [term1, term2] = [1, 2] as [ControllerTerm, ControllerTerm];
const assignment: Assignment = {
  database: "orders" as DatabaseId,
  number: 1,
  epoch: 3 as Epoch,
  systemId: "7001" as SystemId,
  role: "primary",
  upstream: undefined,
  slots: [],
};
const command: Command = {
  id: "build/orders/us-east-1/1/2.1",
  term: term2,
  epoch: 3 as Epoch,
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

test("A2: a lower epoch is refused and changes nothing", () => {
  open().obey(term1, [assignment]);
  const older = { ...assignment, epoch: 2 as Epoch };
  expect(() => open().obey(term2, [older])).toThrow(superseded);
  expect(() => open().admit({ ...command, epoch: 2 as Epoch })).toThrow(superseded);
  open().obey(term1, [assignment]);
  expect(open().assignments).toEqual([assignment]);
});

test("A5: assignments are there after a restart", () => {
  open().obey(term1, [assignment]);
  expect(open().assignments).toEqual([assignment]);
});

test("A7: a command's outcome is there after a restart", () => {
  const progress = { id: command.id, outcome: "done", because: "create" } as const;
  open().note("orders/1", progress);
  expect(open().command("orders/1")).toEqual(progress);
  expect(open().command("orders/2")).toBeUndefined();
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
