/**
 * PostgreSQL refuses to run as root. Where root starts it, it runs as `nobody`, and where `nobody` cannot reach
 * the programs or the data (a checkout under /root), in a user namespace in which root looks like `nobody`.
 */
import { Failure } from "../model/failure.ts";

export type User = { readonly uid: number; readonly gid: number };

export type RunAs = { readonly because: string } & (
  | { readonly kind: "direct" }
  | { readonly kind: "other-user"; readonly user: User }
  | { readonly kind: "user-namespace" }
  | { readonly kind: "impossible"; readonly wayOut: string }
);

/** One directory or file on the way to what PostgreSQL has to reach, from the root down. */
export type PathPart = {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
};

export type RunAsView = {
  /** Undefined where the system has no such thing. */
  readonly uid: number | undefined;
  /** From /etc/passwd: a user without an entry there is refused by PostgreSQL. */
  readonly nobody: User | undefined;
  /** Whether `setpriv` was seen to become `nobody`; a user namespace may not map it. */
  readonly canBecomeNobody: boolean;
  /** Whether `unshare --user` was seen to work; containers often forbid it. */
  readonly canUnshareUser: boolean;
  readonly parts: readonly PathPart[];
};

/** The uid that `unshare` shows PostgreSQL instead of root; `nobody` on every Linux, so that it has a name. */
const OVERFLOW_ID = 65534;

export function decideRunAs(view: RunAsView): RunAs {
  if (view.uid !== 0) return { kind: "direct", because: "this user is not root" };
  const barred = view.nobody && view.parts.find((part) => !mayPass(part, view.nobody));
  if (view.nobody && view.canBecomeNobody && !barred) {
    return { kind: "other-user", user: view.nobody, because: "root runs it as nobody" };
  }
  const obstacle = barred ? `nobody may not pass ${barred.path}` : "root cannot become nobody here";
  if (view.canUnshareUser) return { kind: "user-namespace", because: obstacle };
  return {
    kind: "impossible",
    because: `${obstacle}, and user namespaces are not permitted`,
    wayOut: barred
      ? `Run Leeward as another user than root, or let others pass: chmod o+x ${barred.path}`
      : "Run Leeward as another user than root.",
  };
}

/** The words before `postgres …` on its command line. @throws Failure `postgres.cannot-run` */
export function runAsPrefix(runAs: RunAs): readonly string[] {
  switch (runAs.kind) {
    case "direct":
      return [];
    case "other-user":
      return setprivPrefix(runAs.user);
    case "user-namespace":
      return unsharePrefix;
    case "impossible":
      throw new Failure(
        "postgres.cannot-run",
        `PostgreSQL cannot run here: ${runAs.because}. ${runAs.wayOut}`,
      );
  }
}

export function setprivPrefix(user: User): readonly string[] {
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--"];
}

export const unsharePrefix: readonly string[] = [
  "unshare",
  "--user",
  `--map-user=${OVERFLOW_ID}`,
  `--map-group=${OVERFLOW_ID}`,
  "--",
];

/** Execute permission of a directory or a program, as the kernel decides it for somebody without privileges. */
export function mayPass(part: PathPart, user: User | undefined): boolean {
  if (!user) return false;
  if (part.uid === user.uid) return (part.mode & 0o100) !== 0;
  if (part.gid === user.gid) return (part.mode & 0o010) !== 0;
  return (part.mode & 0o001) !== 0;
}
