// How long a text is as an SMS, as services/sms.py reckons it; the tables come from there.
const GSM7 = "gsm7";
const UCS2 = "ucs2";

/** {encoding, characters, parts, left} of a text, as `sms_length` of services/sms.py says. */
export function smsLength(typed, { basic, extension, places }) {
  const signs = Array.from(typed);
  const encoding = signs.every((sign) => basic.includes(sign) || extension.includes(sign)) ? GSM7 : UCS2;
  const widths = signs.map((sign) => ((encoding === GSM7 ? extension.includes(sign) : sign.length > 1) ? 2 : 1));
  const characters = widths.reduce((sum, width) => sum + width, 0);
  const [alone, each] = places[encoding];
  if (characters <= alone) return { encoding, characters, parts: signs.length ? 1 : 0, left: alone - characters };
  let parts = 1;
  let left = each;
  for (const width of widths) {
    if (width > left) {
      parts += 1;
      left = each;
    }
    left -= width;
  }
  return { encoding, characters, parts, left };
}
