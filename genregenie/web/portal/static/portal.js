// Small comforts. Every page works without this file.
"use strict";

for (const button of document.querySelectorAll("[data-show]")) {
  const input = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener("click", () => {
    const visible = input.type === "password";
    input.type = visible ? "text" : "password";
    button.textContent = visible ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(visible));
    input.focus();
  });
  // Browsers and password managers recognise passwords by the type of the field that is sent.
  input.form.addEventListener("submit", () => { input.type = "password"; });
}

for (const meter of document.querySelectorAll("[data-strength]")) {
  const input = document.getElementById(meter.dataset.strength);
  const least = Number(meter.dataset.min);
  const advised = Number(meter.dataset.advised);
  input.addEventListener("input", () => {
    const length = [...input.value.normalize("NFKC")].length;
    meter.hidden = length === 0;
    meter.className = length >= advised ? "meter fine" : length >= least ? "meter fair" : "meter";
    meter.textContent =
      length >= advised ? "Good length."
      : length >= least ? "Long enough; " + (advised - length) + " more would make it strong."
      : (least - length) + " more needed.";
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const said = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const codes = [...document.querySelectorAll("#" + button.dataset.copy + " code")];
    try {
      await navigator.clipboard.writeText(codes.map((code) => code.textContent).join("\n"));
      said.textContent = "Copied.";
    } catch {
      // Inside some frames the clipboard is closed; a selection can be copied by hand.
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      said.textContent = "Selected. Press Ctrl+C to copy.";
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
