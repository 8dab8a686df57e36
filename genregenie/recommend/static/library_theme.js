"use strict";
// Before anything is drawn: the theme that the app's switch was left at, where this is a page of its
// server, or the page's own; else what the reader's system prefers.
const THEME = "genregenie-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function keptTheme() {
  try {
    return localStorage.getItem(THEME);
  } catch {  // some browsers keep nothing for a page that is a file
    return null;
  }
}

function paint(theme = keptTheme()) {
  const isKnown = theme === "dark" || theme === "light";
  document.documentElement.dataset.theme = isKnown ? theme : prefersDark.matches ? "dark" : "light";
}

paint();
prefersDark.addEventListener("change", () => paint());
addEventListener("storage", (event) => { if (event.key === THEME) paint(); });
addEventListener("DOMContentLoaded", () => {
  document.getElementById("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(THEME, theme);
    } catch { /* then it lasts as long as the page */ }
    paint(theme);
  });
});
