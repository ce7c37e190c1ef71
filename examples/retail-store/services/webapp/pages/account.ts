/** Logging in and what belongs to it. */
import { html } from "ghtml";
import type { Form } from "../form.ts";
import type { SessionUser } from "../session.ts";
import type { Visitor } from "../visitor.ts";
import { csrfInput, field, problems } from "./fields.ts";
import type { Html } from "./layout.ts";

/** `next` is where to go afterwards; it was checked. */
export function loginPage(visitor: Visitor, form: Form, next: string): Html {
  return html`<div class="narrow-page">
<h1>Log in</h1>
!${problems(form)}
<form class="fields" action="/auth/login" method="post" novalidate>
!${csrfInput(visitor)}
<input type="hidden" name="next" value="${next}">
!${field(form, { name: "email", label: "E-mail", type: "email", autocomplete: "username" })}
!${field(form, { name: "password", label: "Password", type: "password", autocomplete: "current-password" })}
<button class="button wide">Log in</button>
</form>
<p><a href="/auth/register?next=${encodeURIComponent(next)}">Make an account</a> · <a href="/auth/forgot_password">Forgot your password?</a></p>
<p class="small">You can also buy without an account. What is in your cart stays in it when you log in.</p>
</div>`;
}

/** `next` as in `loginPage`. */
export function registerPage(visitor: Visitor, form: Form, next: string): Html {
  return html`<div class="narrow-page">
<h1>Make an account</h1>
!${problems(form)}
<form class="fields" action="/auth/register" method="post" novalidate>
!${csrfInput(visitor)}
<input type="hidden" name="next" value="${next}">
!${field(form, { name: "fname", label: "First name", autocomplete: "given-name", width: "half" })}
!${field(form, { name: "lname", label: "Last name", autocomplete: "family-name", width: "half" })}
!${field(form, { name: "email", label: "E-mail", type: "email", autocomplete: "username" })}
!${field(form, { name: "password", label: "Password", type: "password", autocomplete: "new-password", hint: "At least 8 characters. Long beats complicated." })}
<button class="button wide">Make the account</button>
</form>
<p>You have one? <a href="/auth/login?next=${encodeURIComponent(next)}">Log in</a></p>
</div>`;
}

/** `form` is of the change of password. */
export function accountPage(visitor: Visitor, user: SessionUser, form: Form): Html {
  return html`<div class="narrow-page">
<h1>Hello, ${user.name}</h1>
<p class="lead">${user.email}</p>
<p class="actions"><a class="button second" href="/orders">Your orders</a> <a class="button second" href="/cart">Your cart</a></p>
<h2>Change the password</h2>
!${problems(form)}
<form class="fields" action="/auth/account" method="post" novalidate>
!${csrfInput(visitor)}
!${field(form, { name: "password", label: "Present password", type: "password", autocomplete: "current-password" })}
!${field(form, { name: "next", label: "New password", type: "password", autocomplete: "new-password", hint: "At least 8 characters." })}
<button class="button">Change it</button>
</form>
<form action="/auth/logout" method="post">!${csrfInput(visitor)}<button class="quiet">Log out</button></form>
</div>`;
}

/** Honest: there is no mail, and so no link. */
export function forgotPasswordPage(): Html {
  return `<div class="narrow-page">
<h1>Forgot your password?</h1>
<p class="lead">This shop sends no mail, so it cannot send you a link.</p>
<p>What you can do:</p>
<ul>
<li>Look in your browser’s or your password manager’s list, for this address.</li>
<li><a href="/auth/register">Make another account</a> with another e-mail address.</li>
<li>Buy <a href="/cart">without an account</a>. Nothing here needs one.</li>
<li>Is this shop yours? Delete the row in the table <code>customer</code> of the database <code>orders</code>; the e-mail address is free again then.</li>
</ul>
</div>`;
}
