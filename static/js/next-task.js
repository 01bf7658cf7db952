/** Lets the browser paint and answer the listener in the middle of long work. */

/** @returns {Promise<void>} resolves in a task of its own, which a timer would delay once timers are nested */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
