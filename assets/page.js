// The theme as it was left, and the ribbon under a player: a line that goes along with the sound,
// and takes the sound to wherever it is clicked. Runs when the page has been built.
() => {
  const wanted = localStorage.getItem("genregenie-theme");
  if (wanted) document.body.classList.toggle("dark", wanted === "dark");

  const players = { timeline: "player", "past-timeline": "past-clip", "many-timeline": "many-clip" };
  const audioOf = (ribbon) => {
    const place = ribbon.closest(Object.keys(players).map((id) => `#${id}`).join());
    return place && document.querySelector(`#${players[place.id]} audio`);
  };
  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

  function show(ribbon, now) {
    const length = Number(ribbon.dataset.duration);
    const share = Math.min(now / length, 1);
    const runs = [...ribbon.querySelectorAll("[data-start]")];
    const genre = runs.findLast((run) => Number(run.dataset.start) <= now)?.textContent ?? "";
    const [cursor, strip, told] = [".gg-cursor", ".gg-strip", ".gg-now"]
      .map((part) => ribbon.querySelector(part));
    cursor.hidden = told.hidden = now === 0;
    cursor.style.left = told.style.left = `${100 * share}%`;
    told.textContent = genre;
    strip.setAttribute("aria-valuenow", now.toFixed(1));
    strip.setAttribute("aria-valuetext", `${clock(now)}, ${genre}`);
  }
  function follow() {
    for (const ribbon of document.querySelectorAll(".gg-ribbon")) {
      const now = audioOf(ribbon)?.currentTime ?? 0;
      if (ribbon.shown === now) continue;
      ribbon.shown = now;
      show(ribbon, now);
    }
    const plays = [...document.querySelectorAll("audio")].some((audio) => !audio.paused);
    frame = plays ? requestAnimationFrame(follow) : 0;
  }
  // From frame to frame while something plays. Otherwise a look is due when a place or a ribbon is
  // new: a page that asks for every frame keeps a tenth of a core busy for nothing.
  let frame = 0;
  const look = () => { frame ||= requestAnimationFrame(follow); };
  for (const moved of ["play", "timeupdate", "seeking", "emptied"]) {
    document.addEventListener(moved, look, true);
  }
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();

  function go(ribbon, time) {
    const audio = audioOf(ribbon);
    if (audio) audio.currentTime = Math.max(0, Math.min(time, Number(ribbon.dataset.duration)));
  }
  document.addEventListener("click", ({ target, clientX }) => {
    const strip = target instanceof Element && target.closest(".gg-strip");
    if (!strip) return;
    const ribbon = strip.closest(".gg-ribbon"), box = strip.getBoundingClientRect();
    go(ribbon, ((clientX - box.left) / box.width) * Number(ribbon.dataset.duration));
  });
  document.addEventListener("keydown", (event) => {
    const ribbon = event.target instanceof Element && event.target.matches(".gg-strip")
      && event.target.closest(".gg-ribbon");
    if (!ribbon) return;
    const length = Number(ribbon.dataset.duration), now = audioOf(ribbon)?.currentTime ?? 0;
    const to = {
      ArrowLeft: now - 5, ArrowDown: now - 5, ArrowRight: now + 5, ArrowUp: now + 5,
      PageDown: now - 15, PageUp: now + 15, Home: 0, End: length,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(ribbon, to);
  });
}
