// Addresses of lists.

/** An address without the page it was at: another condition begins at the first one. */
export function fromFirstPage(address) {
  const url = new URL(address);
  for (const name of [...url.searchParams.keys()]) {
    if (/^(page(_.*)?|after|before)$/.test(name)) url.searchParams.delete(name);
  }
  return url;
}
