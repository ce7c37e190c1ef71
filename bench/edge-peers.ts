/** nginx and HAProxy for `edge.ts`: what is installed, else Debian's packages, unpacked beside the benchmark. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../src/model/address.ts";

export type Peer = {
  readonly command: readonly string[];
  /** For the libraries that came with a package. */
  readonly libraryPath: string;
};

/** 2 min: a mirror that is slower than that is none. */
const downloadMs = 120_000;

/** Undefined: it is not to be had here. @param directory of the benchmark alone */
export function findProgram(name: "nginx" | "haproxy", directory: string): Peer | undefined {
  for (const place of ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]) {
    const path = join(place, name);
    if (existsSync(path)) return { command: [path], libraryPath: "" };
  }
  const root = join(directory, `package-${name}`);
  mkdirSync(root, { recursive: true });
  const run = (command: string, words: readonly string[]): boolean =>
    spawnSync(command, [...words], { cwd: root, stdio: "ignore", timeout: downloadMs }).status ===
    0;
  if (!run("apt-get", ["-qq", "download", ...packages[name]])) return undefined;
  for (const file of readdirSync(root).filter((one) => one.endsWith(".deb"))) {
    if (!run("dpkg-deb", ["-x", file, "."])) return undefined;
  }
  const path = join(root, "usr/sbin", name);
  if (!existsSync(path)) return undefined;
  const libraryPath = join(root, "usr/lib", "x86_64-linux-gnu");
  const peer = { command: [path], libraryPath };
  // A library that is missing shows now, and not in the middle of the run.
  return run(path, ["-v"]) ? peer : undefined;
}

const packages = { nginx: ["nginx"], haproxy: ["haproxy", "liblua5.3-0"] } as const;

/** A static page of 1 KiB, without a log. */
export function nginxBackend(peer: Peer, directory: string, at: Address): Peer {
  mkdirSync(join(directory, "html"), { recursive: true });
  writeFileSync(join(directory, "html/index.html"), "x".repeat(1_024));
  return nginx(peer, directory, {
    name: "backend",
    http: `access_log off; keepalive_requests 1000000000;
  server { listen ${at.host}:${at.port}; root ${directory}/html; }`,
  });
}

/** As Debian has it, with its log, and `proxy_pass` as most people write it: a connection for each request. */
export function nginxPlain(
  peer: Peer,
  directory: string,
  { at, to }: { readonly at: Address; readonly to: Address },
): Peer {
  return nginx(peer, directory, {
    name: "plain",
    // The load keeps its connections, as browsers would open new ones.
    http: `access_log ${directory}/access.log; sendfile on; gzip on; keepalive_requests 1000000000;
  server { listen ${at.host}:${at.port}; location / { proxy_pass http://${to.host}:${to.port}; } }`,
  });
}

/** As well as it can: connections to the backend are kept, and nothing is logged. */
export function nginxTuned(
  peer: Peer,
  directory: string,
  { at, to }: { readonly at: Address; readonly to: Address },
): Peer {
  return nginx(peer, directory, {
    name: "tuned",
    http: `access_log off; keepalive_requests 1000000000;
  upstream backend { server ${to.host}:${to.port}; keepalive 512; keepalive_requests 1000000000; }
  server { listen ${at.host}:${at.port}; location / {
    proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } }`,
  });
}

function nginx(
  { command, libraryPath }: Peer,
  directory: string,
  { name, http }: { readonly name: string; readonly http: string },
): Peer {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${name}-${kind};`)
    .join(" ");
  const file = join(directory, `${name}.conf`);
  writeFileSync(
    file,
    `daemon off; master_process off; error_log stderr crit; pid ${directory}/${name}.pid;
events { worker_connections 4096; }
http { ${temporary}
  ${http}
}
`,
  );
  return { command: [...command, "-c", file, "-p", directory], libraryPath };
}

export function haproxy(
  { command, libraryPath }: Peer,
  directory: string,
  { at, to }: { readonly at: Address; readonly to: Address },
): Peer {
  const file = join(directory, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  maxconn 4096
  nbthread 1
defaults
  mode http
  http-reuse always
  timeout client 30s
  timeout connect 1s
  timeout server 30s
listen bench
  bind ${at.host}:${at.port}
  server one ${to.host}:${to.port}
`,
  );
  return { command: [...command, "-db", "-f", file], libraryPath };
}
