// Which songs are shown and selected, their table, and playlists as files. It goes on where
// library_map.js ends, in the same script.

// --- which songs -------------------------------------------------------------------------------

const genreOf = (i) => genres[songs.genre[i]].name;
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const heardIn = (i) => songs.heard[i].map((word) => words[word])
  .filter((word) => plain(word) !== plain(genreOf(i))).slice(0, 4);
const sought = songs.title.map((title, i) => plain(`${songs.artist[i]} ${title}`));
const number = (id) => (by(id).value === "" ? null : Number(by(id).value));

function time(seconds) {
  const whole = Math.floor(seconds + 0.5), hours = Math.floor(whole / 3600);
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function filter() {
  const on = genres.map((_, genre) => chips.get(genre)?.getAttribute("aria-pressed") === "true");
  const any = !on.includes(true), word = words.indexOf(by("heard").value);
  const parts = plain(by("search").value).split(/\s+/).filter(Boolean);
  const slowest = number("slowest"), fastest = number("fastest");
  for (let i = 0; i < count; i++) {
    const tempo = songs.tempo[i];
    shown[i] = Number(
      (any || on[songs.genre[i]]) && (word < 0 || songs.heard[i].includes(word)) &&
      parts.every((part) => sought[i].includes(part)) &&
      (slowest === null || (tempo !== null && tempo >= slowest)) &&
      (fastest === null || (tempo !== null && tempo <= fastest)),
    );
  }
  if (told >= 0 && !shown[told]) tell(-1);
  list();
}

function selectInside(outline, adds) {
  const isInside = (px, py) => {
    let inside = false;
    for (let a = 0, b = outline.length - 1; a < outline.length; b = a++) {
      const [ax, ay] = outline[a], [bx, by_] = outline[b];
      if (ay > py !== by_ > py && px < ((bx - ax) * (py - ay)) / (by_ - ay) + ax) inside = !inside;
    }
    return inside;
  };
  if (!adds) chosen.clear();
  for (let i = 0; i < count; i++) {
    if (shown[i] && isInside(across(songs.x[i]), down(songs.y[i]))) chosen.add(i);
  }
  by("only").checked = chosen.size > 0;
  tell(-1);
  list();
}

const chips = new Map();
genres.forEach(({ name, colour }, genre) => {
  if (!songs.genre.includes(genre)) return;
  const chip = document.createElement("button");
  chip.type = "button";
  chip.setAttribute("aria-pressed", "false");
  chip.style.setProperty("--genre", colour);
  chip.append(document.createElement("i"), name);
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  });
  chips.set(genre, chip);
  by("genres").append(chip);
});
by("more").addEventListener("input", filter);
by("more").addEventListener("submit", (event) => event.preventDefault());

// --- the table ---------------------------------------------------------------------------------

function list(keepsPage = false) {
  const only = by("only").checked;
  listed = [];
  for (let i = 0; i < count; i++) if (only ? chosen.has(i) : shown[i]) listed.push(i);
  if (sort.by === "choice") {
    const rank = new Map([...chosen].map((i, at) => [i, at]));
    listed.sort((i, j) => (rank.get(i) ?? count + i) - (rank.get(j) ?? count + j));
  } else if (sort.by) {
    const values = sort.by === "genre" ? songs.genre.map((_, i) => genreOf(i)) : songs[sort.by];
    const compare = typeof values.find((value) => value !== null) === "number"
      ? (a, b) => a - b : new Intl.Collator().compare;
    listed.sort((i, j) => {
      const [a, b] = [values[i], values[j]];
      if (a === null || b === null) return (a === null) - (b === null);
      return sort.sign * compare(a, b);
    });
  }
  page = keepsPage ? Math.min(page, Math.max(Math.ceil(listed.length / PAGE) - 1, 0)) : 0;
  say();
  fill();
  redraw();
}

function say() {
  const named = (n) => `${n.toLocaleString("en")} song${n === 1 ? "" : "s"}`;
  const all = shown.reduce((sum, is) => sum + is, 0);
  let length = 0;
  for (const i of chosen) length += songs.seconds[i];
  by("status").textContent = chosen.size
    ? `${named(chosen.size)} selected, ${time(length)}` : `${named(all)} shown, none selected`;
  for (const id of ["clear", "m3u", "xspf", "spotify"]) if (by(id)) by(id).disabled = !chosen.size;
  if (by("smooth")) by("smooth").disabled = chosen.size < 3;
  by("note").textContent = "";
  sayPicked();
  by("where").textContent = chosen.size
    ? `Put the playlist into the folder ${data.folder}: it says where songs are from there.` : "";
}

function cell(row, kind, ...content) {
  const made = row.appendChild(document.createElement("td"));
  if (kind) made.className = kind;
  made.append(...content);
  return made;
}

function element(name, kind, ...content) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...content);
  return made;
}

function rowOf(i) {
  const row = document.createElement("tr"), title = element("button", "", songs.title[i] || "?");
  const tick = element("input"), genre = element("span", "genre", element("i"));
  tick.type = "checkbox";
  tick.checked = chosen.has(i);
  tick.setAttribute("aria-label", `Select ${songs.title[i]}`);
  tick.addEventListener("change", () => {
    tick.checked ? chosen.add(i) : chosen.delete(i);
    say();
    redraw();
  });
  row.dataset.song = i;
  title.type = "button";
  title.addEventListener("click", () => show(i));
  genre.style.setProperty("--genre", genres[songs.genre[i]].colour);
  genre.append(`${genreOf(i)} ${songs.percent[i]}\u00a0%`);
  cell(row, "tick", element("label", "", tick));
  cell(row, "", title, element("div", "by", songs.artist[i]));
  cell(row, "wide", songs.artist[i]);
  cell(row, "", genre);
  cell(row, "wide", heardIn(i).join(", "));
  cell(row, "wide number", songs.tempo[i] ?? "");
  cell(row, "wide", songs.key[i] ?? "");
  cell(row, "number", time(songs.seconds[i]));
  return row;
}

function fill() {
  const pages = Math.max(Math.ceil(listed.length / PAGE), 1);
  by("rows").replaceChildren(...listed.slice(PAGE * page, PAGE * (page + 1)).map(rowOf));
  by("page").textContent = `${page + 1} of ${pages}`;
  by("before").disabled = page === 0;
  by("after").disabled = page === pages - 1;
  by("pages").hidden = pages === 1;
  by("take").disabled = !listed.length;
}

function show(i) {
  if (view.zoom < 4) zoomAt(4 / view.zoom, 0, 0);
  moveBy(view.width / 2 - across(songs.x[i]), view.height / 2 - down(songs.y[i]));
  pick(i);
  by("mapped").scrollIntoView({ block: "nearest" });
  by("song").focus({ preventScroll: true });
}

// These songs, in this order, are the selection from now on; a click on a heading orders anew.
function choose(rows) {
  chosen.clear();
  rows.forEach((i) => chosen.add(i));
  by("only").checked = true;
  sort = { by: "choice", sign: 1 };
  for (const head of document.querySelectorAll("th")) head.removeAttribute("aria-sort");
  tell(-1);
  list();
  by("choice").scrollIntoView({ block: "nearest" });
}

document.querySelector("thead").addEventListener("click", ({ target }) => {
  const column = target.dataset.sort;
  if (!column) return;
  sort = { by: column, sign: sort.by === column ? -sort.sign : 1 };
  for (const head of document.querySelectorAll("th")) head.removeAttribute("aria-sort");
  target.parentElement.setAttribute("aria-sort", sort.sign > 0 ? "ascending" : "descending");
  list();
});
by("before").addEventListener("click", () => { page--; fill(); });
by("after").addEventListener("click", () => { page++; fill(); });
by("only").addEventListener("change", () => list());
by("take").addEventListener("click", () => { listed.forEach((i) => chosen.add(i)); list(true); });
by("clear").addEventListener("click", () => {
  chosen.clear();
  by("only").checked = false;
  list();
});

// --- playlists ---------------------------------------------------------------------------------

const inOrder = () => {
  const rank = new Map(listed.map((i, at) => [i, at]));
  return [...chosen].sort((a, b) => (rank.get(a) ?? count + a) - (rank.get(b) ?? count + b));
};

function asM3u() {
  const entry = (i) => {
    const name = [songs.artist[i], songs.title[i]].filter(Boolean).join(" - ");
    return `#EXTINF:${Math.round(songs.seconds[i])},${name}\n${data.lines[i] ?? songs.path[i]}\n`;
  };
  return "#EXTM3U\n" + inOrder().map(entry).join("");
}

function asXspf() {
  const text = (value) => value.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const line = (name, value) => (value ? `      <${name}>${text(value)}</${name}>\n` : "");
  const entry = (i) => "    <track>\n" +
    line("location", songs.path[i].split("/").map(encodeURIComponent).join("/")) +
    line("title", songs.title[i]) + line("creator", songs.artist[i]) +
    line("duration", String(Math.round(1000 * songs.seconds[i]))) + "    </track>\n";
  return '<?xml version="1.0" encoding="utf-8"?>\n<playlist xmlns="http://xspf.org/ns/0/" version="1">\n' +
    `  <title>${text(data.folder)}</title>\n  <trackList>\n${inOrder().map(entry).join("")}  </trackList>\n</playlist>\n`;
}

function save(name, kind, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
by("m3u").addEventListener("click", () => save("selection.m3u8", "audio/x-mpegurl", asM3u()));
by("xspf").addEventListener("click", () => save("selection.xspf", "application/xspf+xml", asXspf()));
