/** The page that people see. It asks its Region's `notes` and says which Region answered. */
import { createServer } from "node:http";

const notes = process.env["NOTES_URL"];
const region = process.env["LEEWARD_REGION"];
const bodyMaxBytes = 16_384;
const escape = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

async function page() {
  const answer = await fetch(`${notes}/notes`, { signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`notes answered ${answer.status}`);
  const items = (await answer.json()).notes.map(
    ({ id, text, region: from }) =>
      `<li><b>${id}</b> ${escape(text)} <small>from ${escape(from)}</small></li>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Notes</title><style>body{font:16px/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}
small{color:#767676}li{margin:.25rem 0}input{font:inherit;width:70%}footer{margin-top:2rem;color:#767676}</style>
<h1>Notes</h1><form method="post" action="/notes"><label>A note <input name="text" required maxlength="1000"></label>
<button>Keep it</button></form><ul>${items.join("")}</ul>
<footer>answered by ${region}, replica ${process.env["LEEWARD_REPLICA"]}</footer></html>`;
}

async function keep(body) {
  const form = new URLSearchParams(body);
  const answer = await fetch(`${notes}/notes`, {
    method: "POST",
    body: JSON.stringify({ text: form.get("text"), key: form.get("key") }),
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok) throw new Error(`notes answered ${answer.status}`);
}

const server = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes <= bodyMaxBytes) chunks.push(chunk);
  });
  request.on("end", () => {
    handle(request, Buffer.concat(chunks).toString(), response).catch((error) => {
      response.writeHead(503, { "content-type": "text/plain" }).end(`${error.message}\n`);
    });
  });
});

async function handle(request, body, response) {
  const { pathname } = new URL(request.url, "http://here");
  switch (`${request.method} ${pathname}`) {
    case "GET /health":
      return response.writeHead(200).end("ok\n");
    case "GET /": {
      // Before the head: what fails now can still be told.
      const html = await page();
      return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
    }
    case "POST /notes":
      await keep(body);
      return response.writeHead(303, { location: "/" }).end();
    default:
      return response
        .writeHead(404, { "content-type": "text/plain" })
        .end(`there is no ${pathname}\n`);
  }
}

server.listen(Number(process.env["PORT"]), process.env["HOST"]);
process.once("SIGTERM", () => server.close(() => process.exit(0)));
