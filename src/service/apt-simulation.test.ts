import { expect, test } from "vitest";
import { aptError, isForWantOfLists, parseSimulation } from "./apt-simulation.ts";

test("only what would be installed is read, new or newer, with its version", () => {
  const text = `Reading package lists...
Inst liblzf1 (3.6-3 Debian:12/stable [amd64])
Inst libssl3 [3.0.1-1] (3.0.2-1 Debian:12/stable [amd64]) []
Inst libc6:i386 (2.36-9 Debian:12/stable [i386])
Remv something [1.0]
Inst redis-server (5:7.0.15-1 Debian-Security:12/stable-security [amd64])
Conf redis-server (5:7.0.15-1 Debian-Security:12/stable-security [amd64])
`;
  expect(parseSimulation(text)).toEqual([
    { name: "liblzf1", version: "3.6-3" },
    { name: "libssl3", version: "3.0.2-1" },
    { name: "libc6:i386", version: "2.36-9" },
    { name: "redis-server", version: "5:7.0.15-1" },
  ]);
});

test("apt's own words say whether its lists are what is missing", () => {
  const unknown = "W: something\nE: Unable to locate package redis-server\nE: more\n";
  expect(aptError(unknown)).toBe("Unable to locate package redis-server");
  expect(isForWantOfLists(aptError(unknown))).toBe(true);
  expect(isForWantOfLists("Failed to fetch http://…/redis.deb  404  Not Found")).toBe(true);
  expect(isForWantOfLists("You don't have enough free space")).toBe(false);
});
