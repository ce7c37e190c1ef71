/**
 * A bare Node server in a process of its own: `URL`. It asks for the page there once, and answers everybody with the same
 * bytes. Prints where it serves, and ends when its standard input does.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { visit } from "../test/e2e/visitors.ts";

const [url = ""] = process.argv.slice(2);
process.stdin.resume().on("end", () => process.exit(0));

const page = await visit(url);
if (page.status !== 200) throw new Error(`${url} answered ${page.status}`);
const body = Buffer.from(page.body);
// Those of the connection are this server's own.
const {
  connection: _,
  "keep-alive": __,
  "transfer-encoding": ___,
  date: ____,
  ...kept
} = page.headers;
const headers = { ...kept, "content-length": body.length };

const server = createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
