// The length of an SMS is shown while it is typed.

import { smsLength } from "./sms-length.js";
import { text } from "./texts.js";

/** Every `[data-sms-length="<id of a text area>"]` has the tables as JSON in `data-table`, and shows the length. */
export function setUpSmsLength(root = document) {
  for (const shown of root.querySelectorAll("[data-sms-length]")) {
    const area = document.getElementById(shown.dataset.smsLength);
    if (!area || shown.dataset.isSetUp) continue;
    shown.dataset.isSetUp = "yes";
    const table = JSON.parse(shown.dataset.table);
    const show = () => {
      shown.textContent = told(smsLength(area.value, table));
    };
    area.addEventListener("input", show);
    show();
  }
}

/** What a sender is told of a length. */
function told({ encoding, characters, parts, left }) {
  const values = { characters, parts, left };
  const length = parts > 1 ? text("sms_parts", values) : text("sms_one", values);
  return encoding === "ucs2" ? `${length}. ${text("sms_wide")}` : length;
}
