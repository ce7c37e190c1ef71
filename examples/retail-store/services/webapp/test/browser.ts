/** As much of a browser as the tests of the pages need: one cookie, links, forms. */
import { csrfField } from "../csrf.ts";
import { sessionCookie } from "../session.ts";

export type Shown = {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
  readonly headers: Headers;
};

export class Browser {
  /** `name=value`; undefined before the shop has set it. */
  cookie: string | undefined;
  readonly #url: string;
  #token: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async open(path: string, headers: Record<string, string> = {}): Promise<Shown> {
    return await this.#send(path, { headers });
  }

  /** Sends the form of the page that was opened last, and follows where it leads. */
  async submit(path: string, fields: Record<string, string>): Promise<Shown> {
    const shown = await this.send(path, fields);
    return shown.location === undefined ? shown : await this.open(shown.location);
  }

  /** The same without following. */
  async send(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Shown> {
    const token: Record<string, string> = this.#token ? { [csrfField]: this.#token } : {};
    return await this.#send(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams({ ...token, ...fields }).toString(),
    });
  }

  async #send(
    path: string,
    request: { method?: string; headers: Record<string, string>; body?: string },
  ): Promise<Shown> {
    const cookie: Record<string, string> = this.cookie ? { cookie: this.cookie } : {};
    const answer = await fetch(this.#url + path, {
      ...request,
      headers: { ...cookie, ...request.headers },
      redirect: "manual",
    });
    const set = answer.headers.get("set-cookie");
    if (set?.startsWith(`${sessionCookie}=`)) this.cookie = set.split(";")[0];
    const text = await answer.text();
    this.#token = new RegExp(`name="${csrfField}" value="([^"]+)"`).exec(text)?.[1] ?? this.#token;
    const location = answer.headers.get("location") ?? undefined;
    return { status: answer.status, text, location, headers: answer.headers };
  }
}
