// What happens on a click in the list. `element`, `trigger` and `watch` are Gradio's.
let last = null;

function localTimes() {
  for (const time of element.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    time.title = time.textContent;
    time.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

// The list is drawn anew after each click; whoever uses the keyboard goes on where they were.
function focusAgain() {
  if (!last) return;
  const buttons = [...element.querySelectorAll(`button[data-act="${last.act}"]:enabled`)];
  const next = last.act === "delete" ? buttons[Math.min(last.place, buttons.length - 1)]
    : element.querySelector('button[data-act="open"]');
  last = null;
  next?.focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  const act = button.dataset.act;
  const same = [...element.querySelectorAll(`button[data-act="${act}"]`)];
  last = act === "open" ? null : { act, place: same.indexOf(button) };
  trigger("select", { index: Number(button.dataset.id), value: act });
});

watch("value", () => {
  localTimes();
  focusAgain();
});
localTimes();
