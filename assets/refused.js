// What is refused, as a sentence. Gradio shows what it gets: of a proxy that is a page of HTML or
// nothing at all, and of a refused upload the whole answer. Runs before the page is built.
{
  const AWAY = "The server is away for a moment; perhaps it restarts. Please try again in a minute.";
  const proxies = {
    413: "This is more than the web server in front of GenreGenie takes at once. Send less, or ask"
      + " whoever runs it to allow more (in nginx: client_max_body_size).",
    502: AWAY,
    503: AWAY,
    504: "The server did not answer in time. Please try again in a minute.",
  };
  const ask = window.fetch;
  const isPlain = ({ headers }) => headers.get("content-type")?.startsWith("text/plain");
  const isOurs = (answer) => answer.headers.has("x-request-id") || isPlain(answer);
  const toldBy = async (answer) => {
    if (!isOurs(answer)) return proxies[answer.status];
    if (isPlain(answer)) return (await answer.clone().text()).trim();
    const told = await answer.clone().json().catch(() => null);
    return typeof told?.detail === "string" ? told.detail : undefined;
  };

  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    const sentence = answer.ok ? undefined : await toldBy(answer);
    if (!sentence) return answer;
    // Of an upload the text is shown, of all else what the object says.
    const isUpload = new URL(answer.url).pathname.endsWith("/gradio_api/upload");
    const body = isUpload ? sentence : JSON.stringify({ detail: sentence, error: sentence });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
}
