import { assert } from "../std/assert.ts";
import type { Change, Compare } from "./store.ts";

/** etcd's own default for the operations of one transaction. */
const operationsMax = 128;
/** Ours are paths of a few names. */
const keyCharsMax = 1_024;
/** A quarter of etcd's request limit of 1.5 MiB, at most 4 bytes a character; ours are small JSON texts. */
const valueCharsMax = 96 * 1_024;

/** Breaking a limit is a bug of the caller: what is stored is of our own making, never a user's input. */
export function assertCommitFits(compare: readonly Compare[], changes: readonly Change[]): void {
  assert(compare.length <= operationsMax, `a commit compares more than ${operationsMax} keys`);
  assert(changes.length <= operationsMax, `a commit makes more than ${operationsMax} changes`);
  for (const { key } of compare) assertKey(key);
  for (const change of changes) {
    assertKey(change.kind === "delete-prefix" ? `${change.prefix}*` : change.key);
    if (change.kind === "put") assertValue(change.key, change.value);
  }
  changes.forEach((change, index) => {
    for (const other of changes.slice(index + 1)) assertApart(change, other);
  });
}

function assertKey(key: string): void {
  assert(key.length > 0 && key.length <= keyCharsMax, `a key has 1 to ${keyCharsMax} characters`);
  assert(isStorable(key), "a key is text without NUL and lone surrogates");
}

function assertValue(key: string, value: string): void {
  assert(value.length <= valueCharsMax, `${key}: a value has at most ${valueCharsMax} characters`);
  assert(isStorable(value), `${key}: a value is text without NUL and lone surrogates; use JSON`);
}

/** SQLite cuts text at a NUL, and UTF-8 has no way to write half of a surrogate pair. */
function isStorable(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text);
}

/** As in etcd, one commit changes a key once: two changes of it would share one revision. */
function assertApart(a: Change, b: Change): void {
  const clash =
    (a.kind === "delete-prefix" && targetOf(b).startsWith(a.prefix)) ||
    (b.kind === "delete-prefix" && targetOf(a).startsWith(b.prefix)) ||
    targetOf(a) === targetOf(b);
  assert(!clash, `one commit changes ${targetOf(b)} twice`);
}

function targetOf(change: Change): string {
  return change.kind === "delete-prefix" ? change.prefix : change.key;
}
