/**
 * Everything that can go wrong in the world outside, by code. The HTTP status, the exit code and the
 * hint of each come from this one table; `docs/reference/errors.md` is printed from it.
 */
export type FailureSpec = {
  readonly http: number;
  /** sysexits(3): 64 usage, 65 data, 69 unavailable, 70 bug, 71 system, 73 cannot create, 75 try again, 78 config. */
  readonly exit: number;
  readonly hint: string;
};

export const failures = {
  "config.not-found": {
    http: 404,
    exit: 78,
    hint: "Name the directory that holds leeward.yaml, or run the command inside it.",
  },
  "config.invalid": {
    http: 400,
    exit: 78,
    hint: "Mend leeward.yaml at the line shown; `leeward schema` prints every field.",
  },
  "usage.invalid": {
    http: 400,
    exit: 64,
    hint: "See `leeward help`, and `--help` of each command for an example.",
  },
  "region.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward status` lists the Regions of this world.",
  },
  "database.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward status` lists the databases of this world.",
  },
  "link.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward link list` shows the links of this world.",
  },
  "control.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward control list` shows the routing controls of this world, and their rules.",
  },
  "control.rule-unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward control list` shows the rules of each panel; only those of a panel that is changed can be overridden.",
  },
  "control.batch-invalid": {
    http: 400,
    exit: 64,
    hint: "Name each control once, with the state that it is to have. Nothing was changed.",
  },
  "control.rule-failed": {
    http: 409,
    exit: 75,
    hint: "Nothing was changed. Switch in one batch what has to change together; a rule is overridden by its name, with a reason.",
  },
  "control.override-invalid": {
    http: 400,
    exit: 64,
    hint: "Name the rules, and say in a sentence why they do not count now: it is kept with the events.",
  },
  "distribution.unknown": {
    http: 404,
    exit: 64,
    hint: "Add `traffic.distribution` to leeward.yaml, then `leeward up`.",
  },
  "distribution.tag-mismatch": {
    http: 412,
    exit: 75,
    hint: "Somebody else moved the origin; look at it again, and repeat with its present tag.",
  },
  "distribution.not-writable": {
    http: 409,
    exit: 75,
    hint: "Wait until writes from there arrive and repeat; --force moves the origin without that.",
  },
  "service.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward services` lists the services of this world.",
  },
  "scale.out-of-range": {
    http: 409,
    exit: 64,
    hint: "`leeward services` shows the bounds; `replicas.max` in leeward.yaml sets the upper one.",
  },
  "event.cursor-invalid": {
    http: 400,
    exit: 64,
    hint: "Take the cursor from `next` of an earlier page, or leave it out.",
  },
  "state.other-world": {
    http: 409,
    exit: 78,
    hint: "Choose another directory with --state, or remove the old state with `leeward reset`.",
  },
  "state.newer-version": {
    http: 409,
    exit: 78,
    hint: "Use the newer Leeward that wrote it, or remove the state with `leeward reset`.",
  },
  "state.damaged": {
    http: 500,
    exit: 65,
    hint: "Restore the file from a backup, or remove the state with `leeward reset`.",
  },
  "state.in-use": {
    http: 409,
    exit: 75,
    hint: "Another Leeward process holds the file; `leeward down` stops it.",
  },
  "state.not-writable": {
    http: 500,
    exit: 73,
    hint: "Give this user the directory, or choose another with --state.",
  },
  "world.already-running": {
    http: 409,
    exit: 75,
    hint: "`leeward status` shows it; `leeward down` stops it.",
  },
  "world.not-running": { http: 503, exit: 69, hint: "`leeward up` starts it." },
  "world.stop-timed-out": {
    http: 504,
    exit: 75,
    hint: "`leeward logs` shows what it waits for; a second `leeward down` waits again.",
  },
  "world.ambiguous": { http: 409, exit: 64, hint: "Name one with --state DIR." },
  "world.start-failed": {
    http: 500,
    exit: 69,
    hint: "`leeward logs` and `leeward doctor` show more.",
  },
  "region.busy": {
    http: 409,
    exit: 75,
    hint: "Wait until the other command on this Region ends, then repeat.",
  },
  "region.start-failed": { http: 500, exit: 69, hint: "`leeward logs REGION` shows why." },
  "region.start-timed-out": {
    http: 504,
    exit: 75,
    hint: "`leeward logs REGION` shows what it waits for.",
  },
  "operation.unknown": {
    http: 404,
    exit: 64,
    hint: "`leeward operations` lists them.",
  },
  "operation.target-invalid": {
    http: 409,
    exit: 64,
    hint: "`leeward status` shows which Regions a database has, and which of them is its primary.",
  },
  "operation.refused": {
    http: 409,
    exit: 75,
    hint: "Nothing was changed. With --dry-run all its checks are shown; repeat it when they pass.",
  },
  "operation.conflict": {
    http: 409,
    exit: 75,
    hint: "One operation at a time on a database: `leeward operations --follow` shows how the other goes on, `leeward operations cancel ID` ends it.",
  },
  "operation.not-cancellable": {
    http: 409,
    exit: 75,
    hint: "It has ended, or is past its point of no return; `leeward operations show ID --follow` waits for its end.",
  },
  "operation.rolled-back": {
    http: 409,
    exit: 75,
    hint: "The primary is where it was and accepts writes; mend what is named, then repeat.",
  },
  "operation.failed": {
    http: 500,
    exit: 69,
    hint: "`leeward operations show ID` has every step and its reason.",
  },
  "operation.out-of-sight": {
    http: 504,
    exit: 75,
    hint: "It goes on without this command; `leeward operations show ID --follow` watches it.",
  },
  "failover.data-loss-not-allowed": {
    http: 409,
    exit: 64,
    hint: "Add --allow-data-loss when that loss is acceptable; while the primary answers, `leeward switchover` loses nothing.",
  },
  "failover.unexpected-primary": {
    http: 409,
    exit: 75,
    hint: "Somebody else was faster; look at `leeward status` before anything else.",
  },
  "failover.no-candidate": {
    http: 409,
    exit: 69,
    hint: "Only a secondary that was in step when its primary was last heard can be promoted; `leeward status` lists the candidates.",
  },
  "failover.not-fenced": {
    http: 409,
    exit: 75,
    hint: "Wait until its lease is over and repeat; when you know that it cannot write, say why with --override-fence.",
  },
  "failover.not-redundant": {
    http: 409,
    exit: 75,
    hint: "Wait until a secondary streams from the new primary, or say with --override-fence why it has to be now.",
  },
  "failover.not-confirmed": {
    http: 400,
    exit: 64,
    hint: "Nothing was changed. Answer y, or pass --yes where nobody can answer.",
  },
  "evidence.unknown": { http: 404, exit: 64, hint: "`leeward snapshots` lists what is kept." },
  "network.address-in-use": {
    http: 409,
    exit: 69,
    hint: "Stop the program that holds it, or set another `world` in leeward.yaml.",
  },
  "network.address-unavailable": {
    http: 409,
    exit: 69,
    hint: "Set `addresses: shared` in leeward.yaml where 127.0.0.0/8 is not local.",
  },
  "network.unreachable": {
    http: 503,
    exit: 75,
    hint: "See `leeward link list` and `leeward status`.",
  },
  "network.handshake-failed": {
    http: 400,
    exit: 69,
    hint: "The client has to speak TLS 1.2 or newer, and to trust the certificate of this world's authority.",
  },
  "network.refused": {
    http: 401,
    exit: 69,
    hint: "The token does not fit: is it the state directory of this world?",
  },
  "network.peer-failed": {
    http: 500,
    exit: 70,
    hint: "The program that was asked has a bug; its log has more.",
  },
  "network.message-invalid": {
    http: 400,
    exit: 70,
    hint: "Two programs of different versions speak; restart the world.",
  },
  "dns.no-such-name": { http: 404, exit: 64, hint: "`leeward dns list` shows every name." },
  "dns.server-failed": {
    http: 503,
    exit: 75,
    hint: "It answers once it has heard from the controller; `leeward traffic status` shows how far it is.",
  },
  "agent.superseded": {
    http: 409,
    exit: 75,
    hint: "A newer controller or epoch has spoken; nothing was done.",
  },
  "store.conflict": {
    http: 409,
    exit: 75,
    hint: "Somebody else changed it first; look again and repeat.",
  },
  "store.compacted": {
    http: 410,
    exit: 75,
    hint: "The history asked for is gone; read the present state and watch from there.",
  },
  "store.lease-gone": {
    http: 409,
    exit: 75,
    hint: "The lease ended before the change was made; take a new one and repeat.",
  },
  "store.newer-version": { http: 409, exit: 78, hint: "Use the newer Leeward that wrote it." },
  "disk.full": {
    http: 507,
    exit: 71,
    hint: "Make room on the disk that holds the state directory; Leeward goes on by itself.",
  },
  "gateway.no-writer": {
    http: 503,
    exit: 75,
    hint: "`leeward status` shows where the writer is, and whether it accepts writes; repeat.",
  },
  "gateway.limit-reached": {
    http: 503,
    exit: 75,
    hint: "`leeward gateway stats` shows what waits; try again when it is less.",
  },
  "pooler.console-failed": {
    http: 502,
    exit: 75,
    hint: "It is tried again by itself; `leeward logs REGION` has PgBouncer's own words.",
  },
  "pooler.not-in-step": {
    http: 502,
    exit: 75,
    hint: "It is tried again by itself; `leeward logs REGION` shows what PgBouncer says to its file.",
  },
  "pooler.unsupported": {
    http: 502,
    exit: 69,
    hint: "Set `pgbouncer.bin` in leeward.yaml to a PgBouncer of version 1.18 to 1.25.",
  },
  "postgres.not-installed": {
    http: 500,
    exit: 69,
    hint: "Run `npm ci`, or set LEEWARD_PG_BIN to the bin directory of PostgreSQL 15 or newer.",
  },
  "postgres.cannot-run": { http: 500, exit: 69, hint: "`leeward doctor` names what is missing." },
  "postgres.other-major": {
    http: 409,
    exit: 65,
    hint: "Use the PostgreSQL that made the data directory (`postgres.bin`, LEEWARD_PG_BIN).",
  },
  "postgres.other-cluster": {
    http: 409,
    exit: 65,
    hint: "The data directory belongs to another database system; move it away, nothing was changed.",
  },
  "postgres.data-missing": {
    http: 409,
    exit: 65,
    hint: "The writer's data is gone. Restore it, or fail over to another Region; Leeward never starts an empty writer in its place.",
  },
  "postgres.create-failed": {
    http: 500,
    exit: 70,
    hint: "`leeward logs REGION` has the output of initdb.",
  },
  "postgres.clone-failed": {
    http: 502,
    exit: 75,
    hint: "It is tried again by itself while the writer can be reached.",
  },
  "postgres.start-failed": {
    http: 500,
    exit: 70,
    hint: "`leeward logs REGION` has the server's own words.",
  },
  "postgres.stop-failed": {
    http: 500,
    exit: 70,
    hint: "`leeward logs REGION` has the server's own words.",
  },
  "postgres.promote-failed": {
    http: 500,
    exit: 70,
    hint: "It is tried again by itself; `leeward logs REGION` has the server's own words.",
  },
  "postgres.query-failed": { http: 502, exit: 69, hint: "The server's own message is above." },
  "sql.failed": {
    http: 400,
    exit: 1,
    hint: "The statements before it were carried out, unless they were in the same transaction.",
  },
  "sql.unsupported": {
    http: 400,
    exit: 64,
    hint: "Use psql with the address that `leeward status` shows.",
  },
  "service.program-missing": {
    http: 503,
    exit: 69,
    hint: "Install the program as the message says, or take the service out of leeward.yaml; its Region goes on without it.",
  },
  "load.unknown": {
    http: 404,
    exit: 64,
    hint: "`load:` of leeward.yaml says what there is, and the module that it names which profiles.",
  },
  "load.module-unusable": {
    http: 500,
    exit: 78,
    hint: "The module has to be JavaScript that was built already, and to export `profiles`: functions that take a visitor, by name.",
  },
  "load.no-entry": {
    http: 409,
    exit: 78,
    hint: "Give `traffic` of leeward.yaml an `entry`, or say with --url where the application listens.",
  },
  "load.had-errors": { http: 502, exit: 1, hint: "The result above says which, by their kind." },
  "program.failed": {
    http: 500,
    exit: 70,
    hint: "This is a bug in Leeward; please report it with the command that showed it.",
  },
  "api.unauthorized": {
    http: 401,
    exit: 69,
    hint: "Send `Authorization: Bearer TOKEN`; the token is in the state directory.",
  },
  "api.foreign-origin": {
    http: 403,
    exit: 64,
    hint: "The API answers only to its own address and to programs on this machine.",
  },
  "api.not-found": { http: 404, exit: 64, hint: "GET /openapi.json lists the paths." },
  "api.too-many-watchers": {
    http: 503,
    exit: 75,
    hint: "End one of the programs that follow this world, then repeat.",
  },
  "api.invalid": { http: 400, exit: 64, hint: "GET /openapi.json describes the fields." },
} as const satisfies Record<string, FailureSpec>;
