/** A real HAProxy with the configuration that Patroni's documentation gives for it: one port for each role. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";

type Place = { readonly host: string; readonly port: number };

export type Backend = {
  readonly name: string;
  readonly postgres: Place;
  /** Where `/primary` and `/replica` are answered. */
  readonly rest: Place;
};

export type HaproxyPlan = {
  readonly directory: string;
  /** Connections to it reach the writer. */
  readonly primary: Place;
  /** Connections to it reach a secondary. */
  readonly replica: Place;
  readonly backends: readonly Backend[];
};

export function haproxyIsInstalled(): boolean {
  return spawnSync("haproxy", ["-v"]).error === undefined;
}

/** The caller disposes of it. It ends at once when it does not understand its file. */
export function startHaproxy(plan: HaproxyPlan): Child {
  const file = join(plan.directory, "haproxy.cfg");
  writeFileSync(file, configurationOf(plan));
  // -db: in the foreground, one process.
  return new Child(["haproxy", "-db", "-f", file], {
    cwd: plan.directory,
    env: { PATH: process.env["PATH"] ?? "" },
  });
}

function configurationOf({ primary, replica, backends }: HaproxyPlan): string {
  return `global
  maxconn 100

defaults
  mode tcp
  retries 2
  timeout client 30m
  timeout connect 1s
  timeout server 30m
  timeout check 1s

${listenOf("primary", primary, backends)}
${listenOf("replica", replica, backends)}`;
}

/** Looks twice a second, which is oftener than people do, so that a test need not wait as long. */
function listenOf(
  role: "primary" | "replica",
  { host, port }: Place,
  backends: readonly Backend[],
): string {
  const servers = backends.map(({ name, postgres, rest }) => {
    const check = `check addr ${rest.host} port ${rest.port}`;
    return `  server ${name} ${postgres.host}:${postgres.port} maxconn 100 ${check}\n`;
  });
  return `listen ${role}
  bind ${host}:${port}
  option httpchk GET /${role}
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join("")}`;
}
