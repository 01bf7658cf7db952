// Grants the engine idle time: only a page knows when the browser has nothing to do, and what it is to spare.

const LONGEST_WAIT = 2000;
const FALLBACK_GRANT = 5;
const FALLBACK_WAIT = 50;
const LOW_BATTERY = 0.2;

/** @param {import("./channel.js").EngineChannel} channel */
export function grantIdleTime(channel) {
  const reasonToSave = watchSavers();
  channel.on("idle-wanted", (id) => {
    const answer = (grant) => channel.post("idle-granted", JSON.stringify({ id: JSON.parse(id), ...grant }));
    const withheld = reasonToSave();
    if (withheld) answer({ withheld });
    else whenIdle((milliseconds) => answer({ milliseconds }));
  });
}

function whenIdle(grant) {
  // A hidden page has no frames to disturb, and browsers hardly ever call it idle.
  if (document.hidden || !("requestIdleCallback" in globalThis)) {
    setTimeout(() => grant(FALLBACK_GRANT), FALLBACK_WAIT);
    return;
  }
  requestIdleCallback(
    (deadline) => {
      // After a click that changes nothing to be seen, Chromium calls no page idle until its next frame.
      if (deadline.didTimeout) requestAnimationFrame(() => {});
      grant(deadline.didTimeout ? 0 : deadline.timeRemaining());
    },
    { timeout: LONGEST_WAIT },
  );
}

/** Returns a function that says why nothing but the listening itself should cost anything now, or null. */
function watchSavers() {
  let battery = null;
  navigator.getBattery?.().then(
    (found) => {
      battery = found;
    },
    () => {}, // Not every page may know.
  );
  return () => {
    if (navigator.connection?.saveData) return "the browser's data saver is on";
    if (battery && !battery.charging && battery.level <= LOW_BATTERY) return "the battery is low";
    return null;
  };
}
