// What happens on a click in the cards. `element`, `trigger` and `watch` are Gradio's.
let covers = false;
let pressed = null;
let under = null; // the button that the pointer went down on

function showCovers() {
  for (const image of element.querySelectorAll("img[data-cover]")) {
    image.src = image.dataset.cover;
    image.hidden = false;
  }
  for (const button of element.querySelectorAll('[data-act="covers"]')) button.remove();
}

function play(button) {
  const track = button.dataset.track;
  if (!/^[0-9A-Za-z]{22}$/.test(track)) return;
  const frame = document.createElement("iframe");
  frame.className = "rec-player";
  frame.title = button.getAttribute("aria-label");
  frame.height = "80";
  frame.allow = "encrypted-media";
  frame.referrerPolicy = "no-referrer";
  frame.sandbox = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";
  frame.src = "https://open.spotify.com/embed/track/" + track;
  button.closest(".rec-card").append(frame);
  button.remove();
}

function perform(button) {
  const act = button.dataset.act;
  if (act === "covers") {
    covers = true;
    showCovers();
  } else if (act === "play") {
    play(button);
  } else if (act === "save") {
    trigger("submit");
  } else {
    const undo = button.getAttribute("aria-pressed") === "true";
    pressed = { button, key: button.dataset.key, act };
    trigger("like", { index: button.dataset.key, value: "", liked: act === "like", undo });
  }
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) perform(button);
});

// Cards may be laid anew while the pointer is down; browsers then tell nobody of the click.
element.addEventListener("pointerdown", (event) => {
  under = event.target.closest("button[data-act]");
});
element.addEventListener("pointerup", () => {
  const gone = under && !under.isConnected ? under : null;
  under = null;
  if (gone) perform(gone);
});

// New cards come into the places of old ones: let the keyboard stay with what it pressed.
function refocus() {
  if (!pressed || ![document.body, pressed.button].includes(document.activeElement)) return;
  const buttons = [...element.querySelectorAll("button[data-key]")];
  const same = buttons.find(({ dataset: d }) => d.key === pressed.key && d.act === pressed.act);
  pressed.button = same || buttons[0];
  pressed.button?.focus({ preventScroll: true });
}

watch("value", () => {
  if (covers) showCovers();
  refocus();
});
