// What happens on a click in the cards. `element`, `trigger` and `watch` are Gradio's.
let covers = false;
let pressed = null;

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

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
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
    pressed = button.dataset;
    trigger("like", { index: button.dataset.key, value: "", liked: act === "like", undo });
  }
});

// Cards that are laid anew take the keyboard's place in the page with them: give it back.
function refocus() {
  if (!pressed || document.activeElement !== document.body) return;
  const buttons = [...element.querySelectorAll("button[data-key]")];
  const same = buttons.find(({ dataset: d }) => d.key === pressed.key && d.act === pressed.act);
  (same || buttons[0])?.focus({ preventScroll: true });
}

watch("value", () => {
  if (covers) showCovers();
  refocus();
});
