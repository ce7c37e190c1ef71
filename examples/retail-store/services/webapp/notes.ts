/** What a page says of what was done just before it: named in the address, since the session has no room for prose. */

const notes = {
  added: "Added to your cart.",
  updated: "Your cart is up to date.",
  removed: "Taken out of your cart.",
  again:
    "Please enter the delivery again. What you had entered is not known here any more; your cart is as it was.",
  placed: "Thank you. Your order is placed.",
  cancelled: "The order is cancelled, and the pieces are back on the shelf.",
  welcome: "Welcome. You are logged in.",
  "logged-out": "You are logged out.",
  password: "Your password is changed.",
} as const;

export type Note = keyof typeof notes;

/** Undefined for a name that is not one of ours: nobody can make a page say what they like. */
export function noteText(name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(notes, name) ? notes[name as Note] : undefined;
}

/** `path` with the note for the page that is there. */
export function withNote(path: string, note: Note): string {
  return `${path}${path.includes("?") ? "&" : "?"}note=${note}`;
}
