// The map: what a song is, told on hover, focus or tap, and the way from song to song by arrow keys.
// `element`, `trigger` and `watch` are Gradio's.
let touched = null;

const shown = () => [...element.querySelectorAll(".map-song:not(.map-off)")];
const songOf = (event) => event.target.closest?.(".map-song");

function tell(song) {
  const tip = element.querySelector(".map-tip");
  if (!tip) return;
  tip.hidden = !song;
  for (const other of element.querySelectorAll(".map-told-of")) other.classList.remove("map-told-of");
  if (!song) return;
  song.classList.add("map-told-of");
  const { title, artist, verdict } = song.dataset;
  [title, artist, verdict].forEach((text, place) => { tip.children[place].textContent = text; });
  const sheet = tip.parentElement, x = song.offsetLeft, y = song.offsetTop;
  const left = Math.min(Math.max(x - tip.offsetWidth / 2, 4), sheet.clientWidth - tip.offsetWidth - 4);
  const above = y - tip.offsetHeight - 16;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 0 ? above : y + 16}px`;
}

// One stop for the Tab key, which is where the arrows went last.
function rove(song) {
  for (const other of element.querySelectorAll('.map-song[tabindex="0"]')) other.tabIndex = -1;
  song.tabIndex = 0;
}

function choose(genre) {
  for (const part of element.querySelectorAll(".song-map [data-genre]")) {
    part.classList.toggle("map-off", genre !== "" && part.dataset.genre !== genre);
  }
  for (const chip of element.querySelectorAll(".past-chip")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.genre === genre));
  }
  tell(null);
  const songs = shown();
  if (songs.length && !songs.some((song) => song.tabIndex === 0)) rove(songs[0]);
}

element.addEventListener("pointerdown", (event) => {
  touched = event.pointerType === "touch" ? songOf(event) : null;
  if (!songOf(event)) tell(null);
});
element.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch" && songOf(event)) tell(songOf(event));
});
element.addEventListener("pointerout", (event) => {
  if (event.pointerType !== "touch" && songOf(event)) {
    tell(document.activeElement?.matches(".map-song:focus-visible") ? document.activeElement : null);
  }
});
element.addEventListener("focusin", (event) => {
  if (!songOf(event)) return;
  rove(songOf(event));
  if (songOf(event).matches(":focus-visible")) tell(songOf(event));
});
element.addEventListener("focusout", (event) => {
  if (songOf(event) && songOf(event) !== touched) tell(null);
});

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  // A finger hides what it points at: the first tap tells, the second opens.
  if (button === touched && !button.classList.contains("map-told-of")) {
    tell(button);
    return;
  }
  if (button.dataset.act === "genre") choose(button.dataset.genre);
  trigger("select", { index: Number(button.dataset.id), value: button.dataset.act });
});

// Right and left by how far right a song lies, down and up by how far down: so all are reached.
element.addEventListener("keydown", (event) => {
  const song = songOf(event);
  if (!song) return;
  if (event.key === "Escape") {
    tell(null);
    return;
  }
  const sideways = ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key);
  const axis = sideways ? "left" : "top";
  const songs = shown().sort((a, b) => parseFloat(a.style[axis]) - parseFloat(b.style[axis]));
  const here = songs.indexOf(song);
  const next = {
    ArrowLeft: here - 1, ArrowUp: here - 1, ArrowRight: here + 1, ArrowDown: here + 1,
    Home: 0, End: songs.length - 1,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  songs[Math.min(Math.max(next, 0), songs.length - 1)].focus();
});

watch("value", () => choose(element.querySelector('.past-chip[aria-pressed="true"]')?.dataset.genre ?? ""));
choose(element.querySelector('.past-chip[aria-pressed="true"]')?.dataset.genre ?? "");
