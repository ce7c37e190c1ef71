import { expect, test } from "vitest";
import { chooseIsolation, hostCommand, type MachineFacts } from "./isolation.ts";

const linux: MachineFacts = {
  platform: "linux",
  isRoot: false,
  hasSetpriv: true,
  canUnshare: true,
};

test("a Region is a PID namespace where the kernel allows one", () => {
  expect(chooseIsolation(linux)).toBe("pid-namespace");
  expect(chooseIsolation({ ...linux, canUnshare: false })).toBe("process-tree");
  expect(chooseIsolation({ ...linux, platform: "darwin" })).toBe("process-tree");
});

test("without root the namespace comes with a user namespace, and dies with its supervisor", () => {
  const command = hostCommand(linux, "pid-namespace", ["node", "agent.js"]);
  expect(command.slice(0, 4)).toEqual(["setpriv", "--pdeathsig", "KILL", "--"]);
  expect(command).toContain("--map-current-user");
  expect(command.slice(-3)).toEqual(["leeward-host", "node", "agent.js"]);
});

test("root keeps its own user namespace", () => {
  expect(hostCommand({ ...linux, isRoot: true }, "pid-namespace", ["a"])).not.toContain("--user");
});

test("where there is no util-linux the host is a plain shell", () => {
  const mac: MachineFacts = {
    platform: "darwin",
    isRoot: false,
    hasSetpriv: false,
    canUnshare: false,
  };
  expect(hostCommand(mac, "process-tree", ["a"])[0]).toBe("sh");
});
