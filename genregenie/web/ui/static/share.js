// The link to a shared result. `element` and `trigger` are Gradio's.
element.addEventListener("focusin", (event) => {
  if (event.target.matches(".share-link input")) event.target.select();
});

element.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  if (button.dataset.act === "back") {
    trigger("undo");
    return;
  }
  const field = element.querySelector(".share-link input");
  const said = element.querySelector("[data-copied]");
  try {
    await navigator.clipboard.writeText(field.value);
    said.textContent = "Copied.";
  } catch {
    // Inside some frames the clipboard is closed; a selection can be copied by hand.
    field.focus();
    field.select();
    said.textContent = "Selected. Press Ctrl+C to copy.";
  }
});
