/**
 * What a client's request says, judged and made ready to be sent on: one pass over its header. Node's parser, which is
 * strict here, has refused what is not HTTP at all; this refuses what two programs could understand differently.
 */
import { badRequest, type Refusal } from "./refusal.ts";

export type RawRequest = {
  readonly method: string;
  /** The target as it was sent. */
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
};

export type RequestHead = {
  readonly method: string;
  /** In origin form: a path with its query. */
  readonly path: string;
  /** For whoever is asked; never for routing. */
  readonly host: string | undefined;
  /** Names and values in turn, as they are sent on. */
  readonly headers: string[];
  readonly hasBody: boolean;
  /** The protocol to change to, if the client asks for one that is passed on. */
  readonly upgrade: string | undefined;
};

export type Sender = {
  /** Where the connection comes from. */
  readonly address: string;
  /** What it says of those before it is passed on. */
  readonly isBelieved: boolean;
};

export type HeadAnswer =
  | { readonly kind: "head"; readonly head: RequestHead }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export function readRequestHead(raw: RawRequest, sender: Sender): HeadAnswer {
  const wrongTarget = judgeTarget(raw);
  if (wrongTarget !== undefined) return { kind: "refused", refusal: wrongTarget };
  const fields = readFields(raw.rawHeaders, sender.isBelieved);
  const refusal = judgeFields(fields, raw);
  if (refusal !== undefined) return { kind: "refused", refusal };
  return { kind: "head", head: headOf(raw, fields, sender) };
}

function judgeTarget({ method, url, httpVersion }: RawRequest): Refusal | undefined {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return badRequest(505, "version-unknown", "Only HTTP/1.1 and HTTP/1.0 are understood here.");
  }
  if (method === "TRACE" || method === "CONNECT") {
    return badRequest(405, "method-refused", `${method} is not passed on.`);
  }
  if (url.startsWith("/") || absolute.test(url)) {
    if (!url.includes("#")) return undefined;
    return badRequest(400, "target-invalid", "A target has no fragment.");
  }
  return badRequest(400, "target-invalid", "The target of a request begins with a slash.");
}

const absolute = /^http:\/\/[^/?@]+([/?]|$)/i;

/** What the rest of the judgement needs, and the headers that go on as they are. */
type Fields = {
  readonly kept: string[];
  readonly hosts: string[];
  readonly connection: string[];
  readonly forwardedFor: string[];
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  upgrade: string | undefined;
  takesTrailers: boolean;
  hasForwardedHost: boolean;
  hasForwardedProto: boolean;
};

function readFields(raw: readonly string[], isBelieved: boolean): Fields {
  const fields: Fields = {
    kept: [],
    hosts: [],
    connection: [],
    forwardedFor: [],
    contentLength: undefined,
    transferEncoding: undefined,
    upgrade: undefined,
    takesTrailers: false,
    hasForwardedHost: false,
    hasForwardedProto: false,
  };
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    const read = readerOf(name.toLowerCase());
    if (read === undefined) fields.kept.push(name, value);
    else read(fields, value, isBelieved);
  }
  return fields;
}

type Read = (fields: Fields, value: string, isBelieved: boolean) => void;

const drop: Read = () => undefined;
const keepBelieved =
  (name: string): Read =>
  ({ kept }, value, isBelieved) => {
    if (isBelieved) kept.push(name, value);
  };

/** By name in lower case. Every other header goes on as it is. */
const special: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["host", ({ hosts }, value) => void hosts.push(value)],
  ["connection", ({ connection }, value) => void connection.push(value)],
  ["content-length", (fields, value) => void (fields.contentLength = value)],
  [
    "transfer-encoding",
    (fields, value) => {
      const before = fields.transferEncoding;
      fields.transferEncoding = before === undefined ? value : `${before}, ${value}`;
    },
  ],
  ["upgrade", (fields, value) => void (fields.upgrade = value)],
  [
    "te",
    (fields, value) => void (fields.takesTrailers ||= /(^|,)\s*trailers\s*(,|$)/i.test(value)),
  ],
  ["keep-alive", drop],
  ["proxy-connection", drop],
  ["proxy-authenticate", drop],
  ["proxy-authorization", drop],
  // Answered by this edge when it wants the body.
  ["expect", drop],
  // Its trailers are not passed on.
  ["trailer", drop],
  ["http2-settings", drop],
  ["forwarded", keepBelieved("forwarded")],
  ["x-real-ip", keepBelieved("x-real-ip")],
  [
    "x-forwarded-for",
    ({ forwardedFor }, value, isBelieved) => void (isBelieved && forwardedFor.push(value)),
  ],
  [
    "x-forwarded-host",
    (fields, value, isBelieved) => {
      fields.hasForwardedHost ||= isBelieved;
      if (isBelieved) fields.kept.push("x-forwarded-host", value);
    },
  ],
  [
    "x-forwarded-proto",
    (fields, value, isBelieved) => {
      fields.hasForwardedProto ||= isBelieved;
      if (isBelieved) fields.kept.push("x-forwarded-proto", value);
    },
  ],
]);

/** Undefined: it goes on as it is. @param name in lower case */
function readerOf(name: string): Read | undefined {
  const read = special.get(name);
  if (read !== undefined) return read;
  if (name.startsWith("x-forwarded-")) return keepBelieved(name);
  // To a program that was made for CGI, `x_real_ip` is the same header.
  return name.includes("_") && readerOf(name.replaceAll("_", "-")) !== undefined ? drop : undefined;
}

function judgeFields(fields: Fields, { httpVersion }: RawRequest): Refusal | undefined {
  const wrong = judgeHost(fields.hosts, httpVersion) ?? judgeLength(fields, httpVersion);
  if (wrong !== undefined) return wrong;
  if (!isUpgrade(fields) || !hasBody(fields)) return undefined;
  return badRequest(400, "upgrade-invalid", "A request that changes the protocol has no body.");
}

function judgeHost(hosts: readonly string[], httpVersion: string): Refusal | undefined {
  const [host = "", second] = hosts;
  if (second !== undefined || (hosts.length === 0 && httpVersion === "1.1")) {
    return badRequest(400, "host-invalid", "A request names its host exactly once.");
  }
  if (/^[A-Za-z0-9._~%!$&'()*+,;=:[\]-]*$/.test(host)) return undefined;
  return badRequest(400, "host-invalid", "The host is not one.");
}

function judgeLength(
  { transferEncoding, contentLength }: Fields,
  httpVersion: string,
): Refusal | undefined {
  if (transferEncoding === undefined) {
    // Longer ones are not exact numbers any more.
    if (contentLength === undefined || /^\d{1,15}$/.test(contentLength)) return undefined;
    return badRequest(413, "body-too-large", "The body is longer than anything that is passed on.");
  }
  if (contentLength !== undefined || httpVersion === "1.0") {
    return badRequest(400, "length-ambiguous", "The length of the body can be read in two ways.");
  }
  if (transferEncoding.toLowerCase() === "chunked") return undefined;
  return badRequest(501, "encoding-unknown", "The only transfer encoding here is chunked.");
}

const hasBody = ({ contentLength, transferEncoding }: Fields): boolean =>
  transferEncoding !== undefined || (contentLength !== undefined && Number(contentLength) > 0);

/** HTTP/2 is not passed on: what travels in it would not be judged by anybody. A server may ignore the wish. */
function isUpgrade({ upgrade, connection }: Fields): boolean {
  if (upgrade === undefined || !/^[A-Za-z0-9][A-Za-z0-9./-]{0,99}$/.test(upgrade)) return false;
  if (/^(h2c?|http|tls)(\/|$)/i.test(upgrade)) return false;
  return connection.some((value) => /(^|,)\s*upgrade\s*(,|$)/i.test(value));
}

function headOf({ method, url }: RawRequest, fields: Fields, sender: Sender): RequestHead {
  const target = targetOf(url);
  // The authority of an absolute target replaces the header (RFC 9112, 3.2.2).
  const host = target.authority ?? fields.hosts[0];
  const headers = withoutNamed(fields.kept, fields.connection);
  if (host !== undefined) headers.push("host", host);
  if (fields.contentLength !== undefined) headers.push("content-length", fields.contentLength);
  if (fields.takesTrailers) headers.push("te", "trailers");
  headers.push("x-forwarded-for", [...fields.forwardedFor, sender.address].join(", "));
  if (!fields.hasForwardedProto) headers.push("x-forwarded-proto", "http");
  if (host !== undefined && !fields.hasForwardedHost) headers.push("x-forwarded-host", host);
  return {
    method,
    path: target.path,
    host,
    headers,
    hasBody: hasBody(fields),
    upgrade: isUpgrade(fields) ? fields.upgrade : undefined,
  };
}

function targetOf(url: string): { readonly authority: string | undefined; readonly path: string } {
  if (url.startsWith("/")) return { authority: undefined, path: url };
  const rest = url.slice("http://".length);
  const end = rest.search(/[/?]/);
  if (end < 0) return { authority: rest, path: "/" };
  const path = rest.slice(end);
  return { authority: rest.slice(0, end), path: path.startsWith("/") ? path : `/${path}` };
}

/** `Connection` names what is meant for this edge alone; the usual words name no header that is left. */
export function withoutNamed(headers: string[], connection: readonly string[]): string[] {
  if (connection.every((value) => usual.test(value))) return headers;
  const named = new Set(
    connection.flatMap((value) => value.toLowerCase().split(",")).map((name) => name.trim()),
  );
  const rest: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (!named.has(name.toLowerCase())) rest.push(name, headers[at + 1] ?? "");
  }
  return rest;
}

const usual = /^(keep-alive|close|upgrade)$/i;
