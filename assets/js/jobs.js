// Progress of a job: [data-job-url] answers {state, done, total, message, result_url}, asked once a second until
// the job ends. Inside it are a <progress>, [data-job-message], [data-job-count] and, if there is one, a hidden link
// [data-job-result]. With data-job-reload the page is fetched anew when the job has ended.
import { number, text } from "./texts.js";

const ENDED = new Set(["done", "failed", "cancelled"]);
const PAUSE = 1000;
const LONGEST_PAUSE = 15000;

function show(box, job) {
  const bar = box.querySelector("progress");
  if (job.total) {
    bar.max = job.total;
    bar.value = job.done;
    box.querySelector("[data-job-count]").textContent = `${number(job.done)} / ${number(job.total)}`;
  } else if (!ENDED.has(job.state)) bar.removeAttribute("value");
  if (job.state === "done") bar.value = bar.max;
  box.querySelector("[data-job-message]").textContent = job.message ?? "";
  box.dataset.jobState = job.state;
  const link = box.querySelector("[data-job-result]");
  if (link && job.result_url) {
    link.href = job.result_url;
    link.hidden = false;
  }
  for (const button of box.querySelectorAll("[data-job-running]")) button.hidden = ENDED.has(job.state);
}

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function follow(box) {
  let pause = PAUSE;
  for (;;) {
    try {
      const job = await ask(box.dataset.jobUrl);
      show(box, job);
      if (ENDED.has(job.state)) return box.dispatchEvent(new CustomEvent("jobend", { bubbles: true, detail: job }));
      pause = PAUSE;
    } catch {
      // The server may be restarting: say so, and ask less and less often.
      box.querySelector("[data-job-message]").textContent = text("job_unreachable");
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export function setUpJobs() {
  document.addEventListener("jobend", (event) => {
    if ("jobReload" in event.target.dataset) window.location.reload();
  });
  // Fetched anew, the page stands where its address says, though it is a part of it that scrolls.
  document.getElementById(window.location.hash.slice(1))?.scrollIntoView();
  for (const box of document.querySelectorAll("[data-job-url]")) {
    if (!ENDED.has(box.dataset.jobState)) follow(box);
  }
}
