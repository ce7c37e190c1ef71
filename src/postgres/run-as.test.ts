import { expect, test } from "vitest";
import { decideRunAs, mayPass, type PathPart, runAsPrefix, type RunAsView } from "./run-as.ts";

const nobody = { uid: 65534, gid: 65534 };
const part = (path: string, mode: number, uid = 0, gid = 0): PathPart => ({ path, mode, uid, gid });
const open = [part("/", 0o755), part("/srv", 0o711), part("/srv/postgres", 0o755)];
const root: RunAsView = {
  uid: 0,
  nobody,
  canBecomeNobody: true,
  canUnshareUser: true,
  parts: open,
};

test("an ordinary user runs PostgreSQL itself", () => {
  expect(decideRunAs({ ...root, uid: 1000 })).toMatchObject({ kind: "direct" });
  expect(decideRunAs({ ...root, uid: undefined })).toMatchObject({ kind: "direct" });
});

test("root runs it as nobody where nobody may pass", () => {
  const runAs = decideRunAs(root);
  expect(runAs).toMatchObject({ kind: "other-user", user: nobody });
  expect(runAsPrefix(runAs).join(" ")).toBe(
    "setpriv --reuid=65534 --regid=65534 --clear-groups --",
  );
});

test("under /root it runs in a user namespace, and says which directory is in the way", () => {
  const parts = [part("/", 0o755), part("/root", 0o700), part("/root/x", 0o755)];
  const runAs = decideRunAs({ ...root, parts });
  expect(runAs).toEqual({ kind: "user-namespace", because: "nobody may not pass /root" });
  expect(runAsPrefix(runAs)[0]).toBe("unshare");
});

test("where root cannot become nobody, a user namespace is taken as well", () => {
  const runAs = decideRunAs({ ...root, canBecomeNobody: false });
  expect(runAs).toMatchObject({ kind: "user-namespace" });
  const without = decideRunAs({ ...root, nobody: undefined });
  expect(without).toMatchObject({ kind: "user-namespace" });
});

test("where nothing works, the failure names the way out", () => {
  const parts = [part("/root", 0o700)];
  const runAs = decideRunAs({ ...root, parts, canUnshareUser: false });
  expect(runAs).toMatchObject({ kind: "impossible" });
  expect(() => runAsPrefix(runAs)).toThrow(/chmod o\+x \/root/);
});

test.for([
  ["others", part("/x", 0o701), true],
  ["others, barred", part("/x", 0o770), false],
  ["its owner", part("/x", 0o100, 65534), true],
  ["its owner, barred though others pass", part("/x", 0o077, 65534), false],
  ["its group", part("/x", 0o010, 0, 65534), true],
  ["its group, barred though others pass", part("/x", 0o701, 0, 65534), false],
] as const)("the kernel's rule for %s", ([, place, passes]) => {
  expect(mayPass(place, nobody)).toBe(passes);
});
