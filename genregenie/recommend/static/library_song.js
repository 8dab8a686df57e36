// One song: what is told of it, a little of its sound, and playlists by ear. It goes on where
// library_table.js ends, in the same script.

const LOOKING_MS = 150;  // a pointer on its way over dots asks for no covers
const play = by("play"), like = by("like"), sound = new Audio();
let isAsking = false;

// --- what is told of it ------------------------------------------------------------------------

function about(i) {
  const heard = [`${genreOf(i)}, ${songs.percent[i]} % sure`, ...heardIn(i)].join(", ");
  const tempo = [songs.tempo[i] && `${songs.tempo[i]} BPM`, songs.key[i], time(songs.seconds[i])];
  const lines = [songs.artist[i], heard, tempo.filter(Boolean).join(", ")];
  const text = element("div", "", element("strong", "", songs.title[i] || "?"),
    ...lines.map((line) => element("span", "", line)));
  const made = element("div", "about", text);
  if (server?.covers) setTimeout(() => made.isConnected && made.prepend(coverOf(i)), LOOKING_MS);
  return made;
}

// Of a song without one there is nothing to see; who cannot see it misses nothing that is not said.
function coverOf(i) {
  const cover = element("img");
  cover.alt = "";
  cover.hidden = true;
  cover.addEventListener("load", () => { cover.hidden = false; redraw(); });
  cover.addEventListener("error", () => cover.remove());
  cover.src = server.covers + i;
  return cover;
}

// What was clicked stays picked while the pointer is on its way to a button.
function pick(i) {
  picked = i;
  tell(i);
  by("song").hidden = i < 0;
  by("about").replaceChildren(...(i < 0 ? [] : [about(i)]));
  if (by("mute")) by("mute").textContent = "";
  sayPicked();
}

function sayPicked() {
  by("tick").textContent = chosen.has(picked) ? "Take out of the selection" : "Select";
}

by("tick").addEventListener("click", () => {
  chosen.has(picked) ? chosen.delete(picked) : chosen.add(picked);
  list(true);
});
by("unpick").addEventListener("click", () => {
  const title = by("rows").querySelector(`[data-song="${picked}"] td button`);
  sound.pause();
  pick(-1);
  title?.focus();
});

// --- a little of its sound ---------------------------------------------------------------------

const playing = (is) => { play.textContent = is ? "Stop" : "Play 10 s"; };

if (play) {
  play.addEventListener("click", () => {
    if (!sound.paused) return sound.pause();
    const title = songs.title[picked];
    by("mute").textContent = "";
    sound.src = server.sounds + picked;
    sound.play().catch((error) => {
      if (error.name !== "AbortError") by("mute").textContent = `${title} cannot be played.`;
      playing(false);
    });
  });
  for (const [event, is] of [["playing", true], ["pause", false], ["ended", false]]) {
    sound.addEventListener(event, () => playing(is));
  }
}

// --- playlists by ear --------------------------------------------------------------------------

// As long as is asked for, as near as whole songs come.
function nearestTo(i, seconds) {
  const away = songs.x.map((x, j) => (x - songs.x[i]) ** 2 + (songs.y[j] - songs.y[i]) ** 2);
  const near = [...away.keys()].filter((j) => shown[j] && j !== i).sort((a, b) => away[a] - away[b]);
  const found = [];
  for (let left = seconds, k = 0; k < near.length && songs.seconds[near[k]] <= 2 * left; k++) {
    found.push(near[k]);
    left -= songs.seconds[near[k]];
  }
  if (!found.length) throw new Error("None of the others that are shown is as short.");
  return { rows: found, note: "" };
}

// A bit for each song: those that are shown. Where that is all of them it goes without saying.
function asBits() {
  if (!shown.includes(0)) return "";
  const bytes = new Uint8Array(Math.ceil(count / 8));
  shown.forEach((is, i) => { bytes[i >> 3] |= is << (7 - (i & 7)); });
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}

async function ask(address, fields) {
  const body = new URLSearchParams({ token: server.token, edition: server.edition, ...fields });
  let answer, told = {};
  try {
    answer = await fetch(address, { method: "POST", body });
    told = await answer.json();
  } catch { /* no answer, or a page in place of one */ }
  if (answer?.ok && !answer.redirected) return told;
  const error = new Error(told.detail ?? "The server gave no answer. Load this page again.");
  throw Object.assign(error, { connect: told.connect });
}

function link(address, text) {
  const made = element("a", "", text);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

// While one answer is on its way nothing else is asked for.
async function asking(button, words, work) {
  if (isAsking) return;
  isAsking = true;
  const before = button.textContent;
  button.textContent = words;
  try {
    by("note").replaceChildren(...((await work()) ?? []));
  } catch (error) {
    by("note").textContent = error.message;
    if (error.connect) {
      by("note").append(" ", link(error.connect, "Connect Spotify"), ", then press the button again.");
    }
  }
  button.textContent = before;
  isAsking = false;
  by("choice").scrollIntoView({ block: "nearest" });
}

like.addEventListener("click", () => asking(like, "Looking\u2026", async () => {
  const song = picked, minutes = by("minutes").value, among = asBits();
  const found = server
    ? await ask(server.playlist, { song, minutes, among }) : nearestTo(song, 60 * minutes);
  choose(found.rows);
  const said = `${server ? "Most like" : "Nearest to"} ${songs.title[song]}${among && ", of those shown"}.`;
  return [[said, found.note].filter(Boolean).join(" ")];
}));

by("draw")?.addEventListener("click", () => asking(by("draw"), "Drawing\u2026", async () => {
  const minutes = by("drawn").value, seed = Math.floor(1e9 * Math.random()), among = asBits();
  const found = await ask(server.playlist, { minutes, seed, among });
  choose(found.rows);
  const said = `Drawn from ${among ? "the songs shown" : "all songs"}; once more draws others.`;
  return [[said, found.note].filter(Boolean).join(" ")];
}));

by("smooth")?.addEventListener("click", () => asking(by("smooth"), "Ordering\u2026", async () => {
  if (chosen.size > server.most) {
    throw new Error(`Up to ${server.most} songs can be put in a smooth order.`);
  }
  choose((await ask(server.smooth, { songs: inOrder().join() })).rows);
  return ["In a smooth order: each is near the one before in tempo, key and sound."];
}));

by("spotify")?.addEventListener("click", () => asking(by("spotify"), "Saving\u2026", async () => {
  const saved = await ask(server.spotify, { songs: inOrder().join() });
  return [`${saved.note} `, link(saved.url, "Open it in Spotify")];
}));

new ResizeObserver(resize).observe(canvas);
resize();
list();
