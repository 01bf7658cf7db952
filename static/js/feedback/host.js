// Starts the engine in this tab, when no other tab of this origin runs one.

const LOCK = "sidflow-feedback-engine";

/**
 * Run the engine here as soon as no other tab does.
 * @param {string} source the engine's entry script
 * @param {string} config its PyScript configuration
 * @param {() => void} onStart called in the tab that is to run it
 */
export function hostEngine(source, config, onStart) {
  const start = () => {
    onStart();
    document.body.append(engineScript(source, config));
    return new Promise(() => {}); // Must never settle: the lock is held as long as this page lives.
  };
  // Without locks, or where storage is forbidden and they are too, each tab is on its own.
  if (navigator.locks) navigator.locks.request(LOCK, start).catch(start);
  else start();
}

function engineScript(source, config) {
  const script = document.createElement("script");
  script.type = "py";
  script.src = source;
  script.setAttribute("worker", "");
  script.setAttribute("name", "engine");
  script.setAttribute("config", config);
  return script;
}
