// A page lives in one process of the server. When another one answers, since the server was started
// again or another has taken over, the page says so: what it shows stays, and can be loaded again.
// Runs before the page is built.
(() => {
  const HEADER = "x-genregenie-process";
  let told = false;

  function tell() {
    if (told || !document.body) return;
    told = true;
    const note = Object.assign(document.createElement("div"), { id: "started-again" });
    const text = Object.assign(document.createElement("p"), {
      textContent: "GenreGenie has started again since this page was loaded. "
        + "You can listen to a new clip; to go on with what is shown, load the page again.",
    });
    const button = Object.assign(document.createElement("button"), {
      type: "button", textContent: "Load again",
    });
    button.addEventListener("click", () => location.reload());
    note.setAttribute("role", "status");
    note.append(text, button);
    document.body.append(note);
  }

  const { fetch } = window;
  window.fetch = async (...request) => {
    const answer = await fetch(...request);
    const process = answer.headers.get(HEADER);
    if (process !== null && process !== PROCESS) tell();
    return answer;
  };
})();
