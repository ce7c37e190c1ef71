import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { listeningInode, portHolder } from "./port-holder.ts";

const row = (local: string, state: string, inode: string): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1 x`;

const address = { host: "127.41.0.1", port: 7400 };

test("who listens on the address is found, and who is only connected from it is not", () => {
  expect(listeningInode(row("0100297F:1CE8", "0A", "77"), address)).toBe("77");
  expect(listeningInode(row("0100297F:1CE8", "01", "77"), address)).toBeUndefined();
  expect(listeningInode(row("0100297F:1CE9", "0A", "77"), address)).toBeUndefined();
});

test("who listens on every address, of IPv6 as well, holds this one too", () => {
  expect(listeningInode(row("00000000:1CE8", "0A", "78"), address)).toBe("78");
  expect(listeningInode(row(`${"0".repeat(32)}:1CE8`, "0A", "79"), address)).toBe("79");
});

test.runIf(process.platform === "linux")("the holder is named with its process", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as { port: number };
    expect(portHolder({ host: "127.0.0.1", port })).toContain(`(process ${process.pid})`);
  } finally {
    server.close();
  }
});
