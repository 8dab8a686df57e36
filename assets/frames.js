// A page at rest asks for no frames. Runs before the scripts of Gradio, which keep what they find
// when they come.
//
// Gradio's sign of waiting counts time from frame to frame, and where it is taken away while it
// waits, as the first one of every page is, it goes on for ever: 6 % of a core for an open page. It
// shows tenths of a second, so it is called ten times a second.
{
  const TENTH_MS = 100;
  const frame = window.requestAnimationFrame.bind(window);
  const cancel = window.cancelAnimationFrame.bind(window);
  const countsTime = (step) => /performance\.now\(\)\s*-/.test(String(step));
  // Frames have numbers above 0, so that those of timers are told apart.
  window.requestAnimationFrame = (step) =>
    countsTime(step) ? -setTimeout(() => step(performance.now()), TENTH_MS) : frame(step);
  window.cancelAnimationFrame = (number) => number < 0 ? clearTimeout(-number) : cancel(number);
}
