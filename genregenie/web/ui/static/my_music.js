// What happens on a click in the list. `element`, `trigger` and `watch` are Gradio's.
let last = null;

function localTimes() {
  for (const time of element.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    time.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
    const year = moment.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    time.textContent = moment.toLocaleDateString(undefined, { day: "numeric", month: "short", year });
  }
}

// The list is drawn anew after each click; whoever uses the keyboard goes on where they were.
function focusAgain() {
  if (!last) return;
  const menus = [...element.querySelectorAll(".past-menu summary")];
  const next = last.act === "page" ? element.querySelector('button[data-act="open"]')
    : menus[Math.min(last.place, menus.length - 1)];
  last = null;
  next?.focus();
}

function close(menu) {
  if (!menu?.open) return;
  const within = menu.contains(document.activeElement);
  menu.open = false;
  if (within) menu.querySelector("summary").focus();
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) {
    if (event.target.closest(".past-menu a")) close(event.target.closest(".past-menu"));
    return;
  }
  const act = button.dataset.act, menu = button.closest(".past-menu");
  const menus = [...element.querySelectorAll(".past-menu")];
  last = ["open", "share"].includes(act) ? null : { act, place: menus.indexOf(menu) };
  close(menu);
  trigger("select", { index: Number(button.dataset.id), value: act });
});

element.addEventListener("toggle", (event) => {
  if (!event.target.open) return;
  for (const menu of element.querySelectorAll(".past-menu[open]")) {
    if (menu !== event.target) menu.open = false;
  }
}, true);
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close(event.target.closest(".past-menu"));
});
document.addEventListener("pointerdown", (event) => {
  const menu = element.querySelector(".past-menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});

watch("value", () => {
  localTimes();
  focusAgain();
});
localTimes();
