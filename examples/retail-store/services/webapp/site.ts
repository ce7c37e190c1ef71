/** What all pages go through: the session comes in and goes out, forms are checked, errors become pages. */
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Unavailable } from "../shared/refusal.ts";
import type { Service } from "../shared/service.ts";
import { csrfField, isOurToken, isSameOrigin } from "./csrf.ts";
import { errorPage } from "./pages/error.ts";
import { layout, type Page } from "./pages/layout.ts";
import { RecentSessions } from "./recent-sessions.ts";
import { readSession, sessionCookie, sessionMsMax, signSession } from "./session.ts";
import { ForeignForm, missing, troubleOf } from "./trouble.ts";
import { Visitor, type Place } from "./visitor.ts";

export type SiteParts = {
  readonly place: Place;
  /** `SESSION_KEY`. */
  readonly key: string;
  /** Where style.css is. */
  readonly stylesheet: string;
  /** As `securityHeaders` gives them. */
  readonly headers: Readonly<Record<string, string>>;
};

/** How routes answer. */
export interface Site {
  visitorOf(request: FastifyRequest): Visitor;
  /** A page; 200 unless it is told otherwise. */
  page(request: FastifyRequest, reply: FastifyReply, page: Page, status?: number): FastifyReply;
  /** Elsewhere, to be fetched by GET (303): after whatever a form has changed. */
  redirect(request: FastifyRequest, reply: FastifyReply, path: string): FastifyReply;
}

/** Prepares `pages`, on which the routes are then put. */
export async function prepareSite(pages: Service, parts: SiteParts): Promise<Site> {
  await pages.register(cookie);
  await pages.register(formbody, { bodyLimit: 65_536 });
  pages.decorateRequest("visitor", null);
  const recent = new RecentSessions();
  const site = siteOf(parts, recent);
  pages.addHook("onRequest", (request, reply, done) => {
    request.setDecorator("visitor", visitorFrom(request, parts, recent));
    void reply.headers(parts.headers);
    done();
  });
  // Before validation, which leaves nothing of a body but what a route has asked for.
  pages.addHook("preValidation", (request, _reply, done) => {
    const isLook = request.method === "GET" || request.method === "HEAD";
    done(isLook || isFromOurForm(request, parts.key) ? undefined : new ForeignForm());
  });
  pages.setErrorHandler((error, request, reply) => {
    const trouble = troubleOf(error, { method: request.method, path: request.url });
    if (trouble.status >= 500 && !(error instanceof Unavailable)) {
      request.log.error({ err: error }, "a page failed");
    }
    if (trouble.status === 503) void reply.header("retry-after", "1");
    const main = errorPage(trouble);
    return site.page(request, reply, { title: trouble.title, main }, trouble.status);
  });
  pages.get("/*", (request, reply) =>
    site.page(request, reply, { title: missing.title, main: errorPage(missing) }, 404),
  );
  return site;
}

function siteOf({ key, stylesheet }: SiteParts, recent: RecentSessions): Site {
  const visitorOf = (request: FastifyRequest): Visitor => request.getDecorator<Visitor>("visitor");
  const keep = (request: FastifyRequest, reply: FastifyReply, visitor: Visitor): void => {
    if (!visitor.hasToBeKept) return;
    const session = recent.keep(visitor.session, visitor.noted, Date.now());
    void reply.setCookie(sessionCookie, signSession(session, key), {
      httpOnly: true,
      sameSite: "lax",
      path: "/",
      maxAge: sessionMsMax / 1_000,
      // The entry says how the client came, and replaces what clients say of it.
      secure: request.headers["x-forwarded-proto"] === "https",
    });
  };
  return {
    visitorOf,
    page: (request, reply, page, status = 200) => {
      const visitor = visitorOf(request);
      // First the page: a form in it makes a session of a stranger.
      const text = layout(visitor, stylesheet, page);
      keep(request, reply, visitor);
      return reply
        .code(status)
        .header("cache-control", "private, no-cache")
        .type("text/html; charset=utf-8")
        .send(text);
    },
    redirect: (request, reply, path) => {
      keep(request, reply, visitorOf(request));
      return reply.header("cache-control", "no-store").redirect(path, 303);
    },
  };
}

function visitorFrom(
  request: FastifyRequest,
  { key, place }: SiteParts,
  recent: RecentSessions,
): Visitor {
  const nowMs = Date.now();
  const brought = readSession(request.cookies[sessionCookie], key, nowMs);
  return new Visitor({ session: brought && recent.newest(brought), key, place, nowMs });
}

function isFromOurForm(request: FastifyRequest, key: string): boolean {
  const { session } = request.getDecorator<Visitor>("visitor");
  const token = (request.body as Readonly<Record<string, unknown>> | undefined)?.[csrfField];
  return isSameOrigin(request.headers) && isOurToken(token, session, key);
}
