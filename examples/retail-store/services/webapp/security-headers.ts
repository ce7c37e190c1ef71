/** What browsers are told about every page: by helmet, asked once and not for each page. */
import helmet from "@fastify/helmet";
import Fastify from "fastify";

const self = "'self'";

/** No script at all, no style but our file, no picture but ours, and nobody may put a page of ours into theirs. */
const policy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: [self],
    imgSrc: [self],
    formAction: [self],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
} as const;

/** Helmet's headers for `policy`. */
export async function securityHeaders(): Promise<Readonly<Record<string, string>>> {
  const trial = Fastify();
  await trial.register(helmet, {
    contentSecurityPolicy: policy as unknown as Exclude<
      Parameters<typeof helmet>[1]["contentSecurityPolicy"],
      boolean | undefined
    >,
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: "same-origin" },
    // Whoever ends TLS says this, for their own name.
    strictTransportSecurity: false,
  });
  trial.get("/", (_request, reply) => reply.send(""));
  const { headers } = await trial.inject("/");
  await trial.close();
  const own = new Set(["content-length", "date", "connection"]);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" && !own.has(name) ? [[name, value]] : [],
    ),
  );
}
