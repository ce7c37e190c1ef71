/** Logging in and out, making an account, changing its password. */
import { z } from "zod";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Service } from "../../shared/service.ts";
import { LoginAttempts } from "../attempts.ts";
import { emailField, emptyForm, readForm, requiredText } from "../form.ts";
import { Refusal } from "../../shared/refusal.ts";
import { localPath } from "../local-path.ts";
import { withNote } from "../notes.ts";
import { accountPage, forgotPasswordPage, loginPage, registerPage } from "../pages/account.ts";
import { countCart, mergeCart } from "../shop/cart.ts";
import { addPerson, changePassword, verifyPerson, type Person } from "../shop/people.ts";
import { noteText } from "../notes.ts";
import { noteName, type RouteParts } from "./parts.ts";
import { askToWait, waitOf } from "./too-often.ts";

const passwordField = z
  .string()
  .min(1, "Please enter your password.")
  .max(128, "That is too long.");
const newPasswordField = z
  .string()
  .min(8, "A password has at least 8 characters.")
  .max(128, "That is longer than 128 characters.");

const loginForm = z.object({ email: emailField, password: passwordField });
const registerForm = z.object({
  fname: requiredText("your first name", 80),
  lname: requiredText("your last name", 80),
  email: emailField,
  password: newPasswordField,
});
const changeForm = z.object({ password: passwordField, next: newPasswordField });

const nextQuery = { schema: { querystring: z.object({ next: z.unknown().optional() }) } };

/** `/auth/…`. */
export function accountRoutes(pages: Service, parts: RouteParts): void {
  const attempts = new LoginAttempts();
  loginRoutes(pages, parts, attempts);
  registerRoutes(pages, parts, attempts);
  ownRoutes(pages, parts, attempts);
}

function loginRoutes(pages: Service, parts: RouteParts, attempts: LoginAttempts): void {
  const { shop, site } = parts;
  pages.get("/auth/login", nextQuery, (request, reply) => {
    const main = loginPage(site.visitorOf(request), emptyForm, nextOf(request.query));
    return site.page(request, reply, { title: "Log in", main });
  });

  pages.post("/auth/login", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const read = readForm(loginForm, request.body, ["password"]);
    const wait = read.isGood ? waitOf(attempts, request, read.data.email) : undefined;
    if (wait) {
      const main = loginPage(visitor, { ...read.form, ...wait }, nextOf(request.body));
      return site.page(request, askToWait(reply, wait), { title: "Log in", main }, 429);
    }
    const person = read.isGood ? await verifyPerson(shop, visitor, read.data) : undefined;
    if (person) {
      attempts.succeeded(person.email);
      return await logIn(parts, request, reply, person);
    }
    const problem = "This e-mail address and this password do not belong together.";
    const form = read.isGood ? { ...read.form, problem } : read.form;
    const main = loginPage(visitor, form, nextOf(request.body));
    return site.page(request, reply, { title: "Log in", main }, 422);
  });

  pages.post("/auth/logout", (request, reply) => {
    site.visitorOf(request).renew(undefined);
    return site.redirect(request, reply, withNote("/", "logged-out"));
  });
}

function registerRoutes(pages: Service, parts: RouteParts, attempts: LoginAttempts): void {
  const { shop, site } = parts;
  pages.get("/auth/register", nextQuery, (request, reply) => {
    const main = registerPage(site.visitorOf(request), emptyForm, nextOf(request.query));
    return site.page(request, reply, { title: "Make an account", main });
  });

  pages.post("/auth/register", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const read = readForm(registerForm, request.body, ["password"]);
    const wait = read.isGood ? waitOf(attempts, request, undefined) : undefined;
    if (wait) {
      const main = registerPage(visitor, { ...read.form, ...wait }, nextOf(request.body));
      return site.page(request, askToWait(reply, wait), { title: "Make an account", main }, 429);
    }
    const person = read.isGood ? await addPerson(shop, visitor, read.data) : undefined;
    if (person) return await logIn(parts, request, reply, person);
    const email = "There is an account with this e-mail address. Log in, or take another one.";
    const form = read.isGood ? { ...read.form, errors: { email } } : read.form;
    const main = registerPage(visitor, form, nextOf(request.body));
    return site.page(request, reply, { title: "Make an account", main }, 422);
  });
}

function ownRoutes(pages: Service, { shop, site }: RouteParts, attempts: LoginAttempts): void {
  pages.get(
    "/auth/account",
    { schema: { querystring: z.object({ note: noteName }) } },
    (request, reply) => {
      const visitor = site.visitorOf(request);
      const { user } = visitor;
      if (!user) return site.redirect(request, reply, "/auth/login?next=/auth/account");
      return site.page(request, reply, {
        title: "Your account",
        main: accountPage(visitor, user, emptyForm),
        note: noteText(request.query.note),
      });
    },
  );

  pages.post("/auth/account", async (request, reply) => {
    const visitor = site.visitorOf(request);
    const { user } = visitor;
    if (!user) return site.redirect(request, reply, "/auth/login?next=/auth/account");
    const read = readForm(changeForm, request.body, ["password", "next"]);
    const wait = read.isGood ? waitOf(attempts, request, user.email) : undefined;
    if (wait) {
      const main = accountPage(visitor, user, { ...read.form, ...wait });
      return site.page(request, askToWait(reply, wait), { title: "Your account", main }, 429);
    }
    const isDone =
      read.isGood && (await changePassword(shop, visitor, { email: user.email, ...read.data }));
    if (isDone) {
      attempts.succeeded(user.email);
      return site.redirect(request, reply, withNote("/auth/account", "password"));
    }
    const password = "This is not your present password.";
    const form = read.isGood ? { ...read.form, errors: { password } } : read.form;
    const main = accountPage(visitor, user, form);
    return site.page(request, reply, { title: "Your account", main }, 422);
  });

  pages.get("/auth/forgot_password", (request, reply) =>
    site.page(request, reply, { title: "Forgot your password?", main: forgotPasswordPage() }),
  );
}

/** What the guest had chosen comes along, and the session gets another id. */
async function logIn(
  { shop, site }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  person: Person,
): Promise<FastifyReply> {
  const visitor = site.visitorOf(request);
  if (!visitor.user) {
    const ids = { userId: person.id, sessionId: visitor.session.id };
    await mergeCart(shop, visitor, ids).catch((error: unknown) => {
      // The count may be older than the cart, which another tab has filled. If it says that nothing is lost, go on.
      // Both together may be too many for one cart; then the account's own is kept, and nobody is kept out for it.
      const isFull = error instanceof Refusal && error.code === "cart-full";
      if (visitor.session.cart > 0 && !isFull) throw error;
    });
  }
  visitor.renew({
    id: person.id,
    name: [...person.fname].slice(0, 20).join(""),
    email: person.email,
  });
  // Only for the number beside the cart: the cart page says it anyhow.
  await countCart(shop, visitor).catch(() => undefined);
  return site.redirect(request, reply, nextOf(request.body));
}

function nextOf(given: unknown): string {
  const next = (given as { readonly next?: unknown } | undefined)?.next;
  return localPath(next, withNote("/", "welcome"));
}
