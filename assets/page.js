// A cursor in the timeline that goes along with the player's clock, and the theme as it was left.
() => {
  const seconds = (text) => text.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
  setInterval(() => {
    for (const [player, plot] of [["#clip", "#timeline"], ["#past-clip", "#past-timeline"]]) {
      const timeline = document.querySelector(`${plot} .gg-timeline`);
      if (!timeline) continue;
      const clock = document.querySelector(`${player} time`);
      const now = clock ? seconds(clock.textContent.trim()) : 0;
      const at = Math.min(now, Number(timeline.dataset.duration));
      const cursor = timeline.querySelector(".cursor");
      cursor.setAttribute("visibility", now > 0 ? "visible" : "hidden");
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
    }
  }, 250);
  const wanted = localStorage.getItem("genregenie-theme");
  if (wanted) document.body.classList.toggle("dark", wanted === "dark");
}
