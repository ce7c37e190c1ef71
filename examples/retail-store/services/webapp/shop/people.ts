/** Accounts, as the user service keeps them. */
import { Refusal } from "../../shared/refusal.ts";
import type { Visitor } from "../visitor.ts";
import type { Shop } from "./shop.ts";

export type Person = {
  readonly id: string;
  readonly fname: string;
  readonly lname: string;
  readonly email: string;
};

export type NewPerson = Omit<Person, "id"> & { readonly password: string };

/** Undefined when somebody has an account with this e-mail address. */
export async function addPerson(
  shop: Shop,
  visitor: Visitor,
  person: NewPerson,
): Promise<Person | undefined> {
  return await unless(409, () =>
    visitor.ask<{ readonly user: Person }>(shop.user, "POST", "/user/add", person),
  );
}

export type Credentials = { readonly email: string; readonly password: string };

/** Undefined for a wrong address or password: which of them is not said. */
export async function verifyPerson(
  shop: Shop,
  visitor: Visitor,
  credentials: Credentials,
): Promise<Person | undefined> {
  return await unless(401, () =>
    visitor.ask<{ readonly user: Person }>(shop.user, "POST", "/user/verify", credentials),
  );
}

/** False when `password` is not the present one. */
export async function changePassword(
  shop: Shop,
  visitor: Visitor,
  change: Credentials & { readonly next: string },
): Promise<boolean> {
  const done = await unless(401, async () => {
    await visitor.ask(shop.user, "POST", "/user/password", change);
    return { user: true };
  });
  return done ?? false;
}

async function unless<T>(
  status: number,
  ask: () => Promise<{ readonly user: T }>,
): Promise<T | undefined> {
  try {
    return (await ask()).user;
  } catch (error) {
    if (error instanceof Refusal && error.status === status) return undefined;
    throw error;
  }
}
