// Tasks without a time: dragged onto the calendar, or given a time in a dialog.
const DISTANCE = 6;

export function setUpTasks(ec, server, refresh, wall) {
  const list = document.querySelector("[data-cal-tasks]");

  async function give(task, start, end, allDay) {
    const values = { start, end, all_day: allDay ? "1" : "", version: task.dataset.version };
    const answer = await server.post(`move/${task.dataset.calTask}`, values, () => window.location.reload()).catch(() => null);
    if (!answer) return;
    task.dataset.version = answer.version;
    if (!allDay) task.remove();
    server.tell(answer.message);
    refresh();
  }

  // Native dragging tells no script where the pointer is over the calendar, so this follows the pointer itself.
  list.addEventListener("pointerdown", (down) => {
    const task = down.target.closest("[data-cal-task]");
    if (!task || down.button !== 0 || down.pointerType === "touch" || down.target.closest("button")) return;
    let dragged = null;
    const move = (event) => {
      if (!dragged && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < DISTANCE) return;
      if (!dragged) {
        dragged = task.cloneNode(true);
        dragged.classList.add("k-caldrag");
        dragged.style.width = `${task.offsetWidth}px`;
        document.body.append(dragged);
      }
      event.preventDefault();
      dragged.style.left = `${event.clientX + 4}px`;
      dragged.style.top = `${event.clientY + 4}px`;
    };
    const stop = () => {
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", up);
      document.removeEventListener("keydown", key, true);
      dragged?.remove();
    };
    const key = (event) => event.key === "Escape" && stop();
    const up = (event) => {
      const was = dragged;
      stop();
      if (!was) return;
      // A link that was dragged is not followed.
      document.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
      window.setTimeout(() => document.body.click());
      const point = ec.dateFromPoint(event.clientX, event.clientY);
      if (point) give(task, wall(point.date), "", point.allDay);
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", up);
    document.addEventListener("keydown", key, true);
  });

  const dialog = document.querySelector("[data-cal-time]");
  dialog.querySelector("[data-cal-close]").addEventListener("click", () => dialog.close());
  list.addEventListener("click", (event) => {
    const task = event.target.closest("[data-cal-give]")?.closest("[data-cal-task]");
    if (!task) return;
    const starts = dialog.querySelector("#calendar-starts");
    starts.value = `${wall(ec.getOption("date")).slice(0, 10)}T09:00`;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "ok") return;
      const end = new Date(new Date(starts.value).getTime() + dialog.querySelector("#calendar-minutes").valueAsNumber * 60000);
      give(task, starts.value, wall(end), false);
    }, { once: true });
  });
}
