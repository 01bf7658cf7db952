// Hosts of plain files send no headers for cross-origin isolation. The service worker adds them, once it controls the
// page: so the first time the page must be loaded again.

if (!crossOriginIsolated && navigator.serviceWorker && !navigator.serviceWorker.controller) {
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => navigator.serviceWorker.ready)
    .then(() => location.reload());
}
