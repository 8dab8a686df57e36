// What happens on an answer to the question. `element` and `trigger` are Gradio's.
const parts = () => ({
  buttons: [...element.querySelectorAll("button[aria-pressed]")],
  list: element.querySelector("select"),
  back: element.querySelector(".gg-back"),
});

function say(genre) {
  const { buttons, list, back } = parts();
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(genre !== "" && button.dataset.genre === genre));
  }
  if (list.value !== genre) list.value = "";
  if (genre === "" && document.activeElement === back) list.focus();
  back.hidden = genre === "";
  trigger("submit", { clip: element.querySelector(".gg-ask").dataset.clip, genre });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-genre]");
  if (button) say(button.dataset.genre);
});

element.addEventListener("change", (event) => {
  if (event.target.tagName === "SELECT") say(event.target.value);
});
