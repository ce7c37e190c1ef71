/** The library that makes certificates. It describes its classes with decorators, and needs a place for that first. */
// It is asked for by what it does, not by what it has.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export { x509 };
