// What becomes of a page's events comes over one stream, which the server ends when it has nothing
// more to tell. Gradio's page has to hear first that an event was taken, then what becomes of it,
// and that the stream has ended only when it waits for nothing; these come over two connections, in
// any order. Here they are put into that one, and where the page still waits for something at the
// end of a stream, another one goes on. Runs before the page is built.
{
  const ask = window.fetch;
  const waiting = new Set(); // events that were taken and are not over
  const joining = new Set();

  async function taken(asked) {
    const answer = await ask(...asked);
    if (!answer.ok) return answer;
    const text = await answer.text();
    try {
      waiting.add(JSON.parse(text).event_id);
    } catch {
      // Whatever has answered, no event was taken.
    }
    return new Response(text, { status: answer.status, headers: answer.headers });
  }

  async function join(asked) {
    const answer = taken(asked);
    joining.add(answer);
    try {
      return await answer;
    } finally {
      joining.delete(answer);
    }
  }

  // Until the page has heard of all that it has asked for.
  async function heard() {
    await Promise.allSettled([...joining]);
    await new Promise((go) => setTimeout(go, 10));
  }

  async function* messages(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        yield* parts;
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  async function* toldOver(asked, first) {
    for (let answer = first, goesOn = true; goesOn; ) {
      goesOn = false;
      for await (const message of messages(answer)) {
        const { msg, event_id: event } = JSON.parse(message.replace(/^data: /, ""));
        const ends = msg === "close_stream";
        if (ends || (event && !waiting.has(event))) await heard();
        if (msg === "process_completed") waiting.delete(event);
        else if (!event && !ends && msg !== "heartbeat") waiting.clear(); // nothing more comes
        goesOn = ends && waiting.size > 0;
        if (goesOn) break;
        yield `${message}\n\n`;
      }
      if (goesOn) answer = await ask(...asked);
    }
  }

  async function listen(asked) {
    const answer = await ask(...asked);
    if (!answer.ok || !answer.body) return answer;
    const told = toldOver(asked, answer);
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { value, done } = await told.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => void told.return(),
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  window.fetch = (...asked) => {
    const { pathname } = new URL(asked[0]?.url ?? asked[0], location);
    if (pathname.endsWith("/gradio_api/queue/join")) return join(asked);
    if (pathname.endsWith("/gradio_api/queue/data")) return listen(asked);
    return ask(...asked);
  };
}
