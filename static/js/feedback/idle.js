// Grants the engine idle time: only a page knows when the browser has nothing to do.

const LONGEST_WAIT = 2000;
const FALLBACK_GRANT = 5;

/** @param {import("./channel.js").EngineChannel} channel */
export function grantIdleTime(channel) {
  channel.on("idle-wanted", (id) =>
    whenIdle((milliseconds) =>
      channel.post("idle-granted", JSON.stringify({ id: JSON.parse(id), milliseconds })),
    ),
  );
}

function whenIdle(grant) {
  if (!("requestIdleCallback" in globalThis)) {
    setTimeout(() => grant(FALLBACK_GRANT), 50);
    return;
  }
  requestIdleCallback((deadline) => grant(deadline.didTimeout ? 0 : deadline.timeRemaining()), {
    timeout: LONGEST_WAIT,
  });
}
