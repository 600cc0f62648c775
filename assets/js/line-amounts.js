// Amounts of rows of products, as models/fields/kinds/lines.py works them out: numbers are read as its language writes
// them and kept as whole ten-thousandths, so that nothing is ever a binary fraction.
const PLACES = 4n;
const ONE = 10n ** PLACES;
const HUNDRED = 100n * ONE;
const TOO_LARGE = 10n ** 15n;
const LONGEST = 60;

/** Ten-thousandths of a number as people type it, "" for none; null for what is no number. */
export function parseNumber(typed, mark) {
  const digits = withoutGroups(typed, mark);
  const found = digits !== null && /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))$/.exec(digits);
  if (!found || typed.length > LONGEST) return null;
  const [, sign, whole = "0", after, alone] = found;
  const size = rounded(BigInt(whole), after ?? alone ?? "");
  return size >= TOO_LARGE * ONE ? null : sign === "-" ? -size : size;
}

/** The digits with a full stop as their decimal mark, or null: which mark is which is told as parse_decimal in numbers.py does. */
function withoutGroups(typed, mark) {
  const plain = typed.replace(/[\s\u00a0\u202f']/g, "").replaceAll("−", "-");
  const marks = plain.match(/[.,]/g) ?? [];
  let decimal = mark;
  if (new Set(marks).size === 2) decimal = marks.at(-1);
  else if (marks.length === 1 && (marks[0] === mark || !/\d[.,]\d{3}$/.test(plain) || /^[+-]?0[.,]/.test(plain))) {
    // Nobody groups after a nought.
    decimal = marks[0];
  } else if (marks.length > 1 && !/^[+-]?\d{1,3}([.,]\d{3})+$/.test(plain)) {
    return null;
  } else if (marks.length) decimal = marks[0] === "," ? "." : ",";
  return plain.replaceAll(decimal === "." ? "," : ".", "").replaceAll(decimal, ".");
}

/** Half goes to the even digit, as decimals are rounded that are typed with more digits than are kept. */
function rounded(whole, decimals) {
  const kept = whole * ONE + BigInt(decimals.slice(0, Number(PLACES)).padEnd(Number(PLACES), "0"));
  const rest = decimals.slice(Number(PLACES)).replace(/0+$/, "");
  if (!rest || rest[0] < "5") return kept;
  return rest === "5" && kept % 2n === 0n ? kept : kept + 1n;
}

/** The amount in cents of a row of ten-thousandths: quantity × price × (1 − discount / 100), half rounded up (away from
    nothing). Null for one that is too large to be kept. */
export function amountOf(quantity, price, discount) {
  const exact = quantity * price * (HUNDRED - discount);
  const cents = halfUp(exact < 0n ? -exact : exact, ONE ** 3n);
  if (cents >= TOO_LARGE * 100n) return null;
  return exact < 0n ? -cents : cents;
}

function halfUp(size, unit) {
  return (2n * size + unit) / (2n * unit);
}

/** Cents of a row as it is typed; null where it has no price or something in it is no number. */
export function typedAmount({ quantity = "", price = "", discount = "" }, mark) {
  const numbers = [
    quantity.trim() ? parseNumber(quantity, mark) : ONE,
    parseNumber(price.trim().replace(/^[€$£]+|[€$£]+$/g, ""), mark),
    discount.trim() ? parseNumber(discount.trim().replace(/%+$/, ""), mark) : 0n,
  ];
  if (numbers.includes(null) || numbers[2] < 0n || numbers[2] > HUNDRED) return null;
  return amountOf(...numbers);
}

/** 123456n as "1234.56", which Intl takes without making a binary fraction of it. */
export function centsText(cents) {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
