// The microphone as music needs it, and in words why there is none. Runs before the page is built.
{
  // Unless told not to, browsers clean a microphone for speech, and music is what they clean away.
  const asItSounds = {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    channelCount: 1,
  };
  const forMusic = (asked) =>
    asked?.audio
      ? { ...asked, audio: { ...(asked.audio === true ? {} : asked.audio), ...asItSounds } }
      : asked;

  const troubles = {
    NotAllowedError: "GenreGenie may not use the microphone. Allow it beside the address, or drop a file.",
    NotFoundError: "The browser finds no microphone. Connect one, or drop a file.",
    NotReadableError: "The microphone does not answer; perhaps another program has it. Close that, or drop a file.",
    NotSecure: "Browsers give the microphone only to https pages and to localhost. Drop a file instead.",
  };
  troubles.SecurityError = troubles.NotAllowedError;
  troubles.OverconstrainedError = troubles.NotFoundError;
  const tell = (detail) =>
    document.dispatchEvent(new CustomEvent("genregenie-microphone", { detail }));

  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia?.bind(devices);
  const getUserMedia = async (asked) => {
    try {
      if (!open) throw new DOMException(troubles.NotSecure, "NotSecure");
      const stream = await open(forMusic(asked));
      tell({});
      return stream;
    } catch (error) {
      const unknown = "The microphone did not start. Try again, or drop a file.";
      if (asked?.audio) tell({ trouble: troubles[error.name] ?? unknown });
      throw error;
    }
  };
  // Where the address is not secure there is nothing to ask, and Gradio asks all the same.
  const stand = { enumerateDevices: async () => [] };
  if (!devices) Object.defineProperty(navigator, "mediaDevices", { value: stand });
  navigator.mediaDevices.getUserMedia = getUserMedia;
}
