// Addresses of the list at hand with conditions added.

/** The present address with a condition (`_flt_eq_city=Oulu`) put to it, from the first page on. */
export function query(condition) {
  const address = new URL(window.location.href);
  for (const gone of ["page", "after", "before", "count"]) address.searchParams.delete(gone);
  for (const [name, value] of new URLSearchParams(condition)) address.searchParams.set(name, value);
  return address.href;
}
