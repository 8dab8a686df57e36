// The big button: it records through Gradio's own component, which needs no sight, and shows what
// the server says of each second. Runs before the page is built.
(() => {
  const MAX_S = 30; // as in genregenie/web/ui/tabs/live.py, which says data-stop
  const FIRST_ANSWER_MS = 6_000;
  const INSTEAD_S = 12;
  const LOADED_MS = 10_000;
  const BEHIND_S = 1.4;
  const CATCH_UP_MS = 2_000;
  const SHOWN = "genregenie-shown";
  const HUSH_MS = 2_000;
  const ENDING_MS = 15_000;
  const START = "Tap and play some music";
  const one = (selector) => document.querySelector(selector);

  let hush = 0;
  let now = null; // what is going on: {began, timer, answered, recorder, ending}

  const label = (text, seconds) => {
    const button = one("#listen-button");
    if (!button) return;
    if (button.textContent.trim() !== text) button.textContent = text;
    button.setAttribute("aria-pressed", String(text !== START));
    if (seconds === undefined) delete button.dataset.seconds;
    else button.dataset.seconds = `0:${String(seconds).padStart(2, "0")}`;
  };
  const say = (title, line = "") => {
    const place = one("#live-note");
    if (!place) return;
    place.replaceChildren();
    for (const [kind, text] of [["h2", title], ["p", line]]) {
      if (text) place.append(Object.assign(document.createElement(kind), { textContent: text }));
    }
  };
  const frame = () => {
    if (one("#live-note")) return;
    const note = Object.assign(document.createElement("div"), { id: "live-note" });
    note.setAttribute("role", "status");
    one("#live")?.prepend(note);
  };

  function begin() {
    frame();
    tell("");
    say("Listening…");
    one("#listen")?.classList.add("live");
    now = { began: performance.now(), timer: setInterval(look, 200) };
    label("Stop", 0);
    one("#listen-button")?.focus();
    record(now);
  }

  // On a slow connection the button is there before what it presses.
  function record(mine) {
    if (now !== mine || mine.ending) return;
    const button = one("#mic .record-button");
    if (button) button.click();
    else if (performance.now() - mine.began < LOADED_MS) setTimeout(record, 100, mine);
    else instead("The answer comes at the end.");
  }

  function end(ending) {
    if (!now || now.ending) return;
    now.ending = performance.now();
    label("Stop");
    say("One moment…");
    if (now.recorder) {
      if (now.recorder.state !== "inactive") now.recorder.stop();
    } else {
      stop();
    }
    if (!ending) over();
  }

  // What is on its way to the server when the recorder stops is lost. A second is no loss; where
  // the way is slower than that, it gets a moment.
  function stop() {
    if (!now) return;
    const heard = Number(one("#live-picture [data-heard]")?.dataset.heard ?? 0);
    const played = (now.ending - (now.opened ?? now.ending)) / 1000;
    const waited = performance.now() - now.ending;
    if (played - heard > BEHIND_S && waited < CATCH_UP_MS) setTimeout(stop, 100);
    else one("#mic .stop-button, #mic .stop-button-paused")?.click();
  }

  function over() {
    if (!now) return;
    clearInterval(now.timer);
    now = null;
    one("#listen")?.classList.remove("live");
    label(START);
  }

  // Nobody answers: a browser that cannot send while it records, or a server where many listen.
  async function instead(why) {
    const mine = now;
    one("#mic .stop-button, #mic .stop-button-paused")?.click();
    say(`Recording ${INSTEAD_S} s`, why);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const parts = [], recorder = new MediaRecorder(stream);
      recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
      recorder.addEventListener("stop", () => {
        stream.getTracks().forEach((track) => track.stop());
        if (now === mine) hand(new Blob(parts, { type: recorder.mimeType }));
      });
      mine.recorder = recorder;
      mine.began = performance.now();
      recorder.start();
    } catch {
      over(); // why, stands on the page
    }
  }

  function hand(sound) {
    const input = one("#clip input[type=file]");
    const suffix = sound.type.includes("mp4") ? "m4a" : sound.type.includes("ogg") ? "ogg" : "webm";
    const files = new DataTransfer();
    files.items.add(new File([sound], `audio.${suffix}`, { type: "audio/unknown" }));
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function look() {
    const passed = performance.now() - now.began;
    if (now.ending) {
      if (performance.now() - now.ending > ENDING_MS) over();
      return;
    }
    const shown = one("#live-picture [data-heard]");
    if (shown) {
      now.answered = true;
      one("#live-note")?.replaceChildren(); // what the server says stands below
    }
    const seconds = shown ? Number(shown.dataset.heard) : passed / 1000;
    label("Stop", Math.floor(now.recorder ? passed / 1000 : seconds));
    if (now.recorder) {
      if (passed > INSTEAD_S * 1000) end(true);
    } else if (shown && "stop" in shown.dataset) {
      if (seconds > 0) end(true);
      else refuse();
    } else if (now.opened && !now.answered && !now.tried
      && performance.now() - now.opened > FIRST_ANSWER_MS) {
      now.tried = true;
      instead("Many people are listening; the answer comes at the end.");
    } else if (passed > (MAX_S + 5) * 1000) {
      end(true);
    }
  }

  // The server takes no more: what it said stays, without what was recorded.
  function refuse() {
    const said = one("#live-words")?.textContent ?? "";
    one("#mic .stop-button, #mic .stop-button-paused")?.click();
    over();
    tell(said);
  }

  const tell = (sentence) => {
    one("#microphone-note")?.remove();
    if (!sentence) return;
    const note = Object.assign(document.createElement("p"), { id: "microphone-note" });
    note.setAttribute("role", "alert");
    one("#listen-button")?.after(note);
    note.textContent = sentence;
  };

  document.addEventListener("genregenie-microphone", ({ detail }) => {
    if (detail.trouble !== undefined) {
      hush = performance.now() + HUSH_MS;
      over();
      tell(detail.trouble);
    } else if (now) {
      now.opened = performance.now();
      tell("");
    }
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && now) end(true);
  });

  // What was cancelled is over at once. Gradio's own sign of waiting may stay for a while, and what
  // was on its way when it was cancelled may come after the empty tab and stay for ever.
  const cancelled = (is) => one("#listen")?.classList.toggle("cancelled", is);
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("#cancel")) cancelled(true);
    else if (target.closest("#examples-row button, #listen-button")) cancelled(false);
  }, true);
  document.addEventListener("change", ({ target }) => {
    if (target instanceof Element && target.closest("#clip")) cancelled(false);
  }, true);

  // A verdict has come, or work on one has begun: the microphone's part is over.
  let state = "start";
  new MutationObserver(() => {
    // Gradio says the same of the microphone, in other words.
    if (performance.now() < hush) {
      for (const toast of document.querySelectorAll(".toast-body.error")) {
        toast.style.display = "none";
        toast.querySelector(".toast-close")?.click();
      }
    }
    const shown = one("#verdict [data-state]");
    if (!shown || shown.dataset.state === state) return;
    state = shown.dataset.state;
    if (state !== "start" && now?.ending) over();
    if (["result", "nothing", "error"].includes(state)) shown.querySelector("h2")?.focus();
    if (state === "start") one("#listen-button")?.focus();
    if (state !== "start") tell("");
    sessionStorage.setItem(SHOWN, state === "result" || state === "nothing" ? "yes" : "");
  }).observe(document, { childList: true, subtree: true });

  // Nothing is lost by reloading: what was shown comes back, but for its clip.
  const [entry] = performance.getEntriesByType("navigation");
  if (entry?.type === "reload" && sessionStorage.getItem(SHOWN)) {
    const wait = setInterval(() => {
      const button = one("#reopen");
      if (!button) return;
      clearInterval(wait);
      button.click();
    }, 100);
  }

  window.genregenie = { toggle: () => (now ? end(true) : begin()) };
})();
