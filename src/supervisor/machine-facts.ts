/** What this machine allows, found out by trying it. */
import { spawnSync } from "node:child_process";
import { namespaceCommand, type MachineFacts } from "./isolation.ts";

/** 5 s: the trials run `true`, which takes some milliseconds. */
const trialTimeoutMs = 5_000;

export function machineFacts(): MachineFacts {
  const isRoot = process.getuid?.() === 0;
  const isLinux = process.platform === "linux";
  return {
    platform: process.platform,
    isRoot,
    hasSetpriv: isLinux && works(["setpriv", "--pdeathsig", "KILL", "--", "true"]),
    canUnshare: isLinux && works(namespaceCommand(isRoot, ["true"])),
  };
}

function works([command = "", ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: trialTimeoutMs }).status === 0;
}
