/**
 * Cross-origin isolation on hosts of static files, which don't send its headers. The service worker adds them once it
 * controls the page, so the page must be loaded twice the first time.
 */

if (!crossOriginIsolated && navigator.serviceWorker && !navigator.serviceWorker.controller) {
  navigator.serviceWorker
    .register("service-worker.js")
    .then(() => navigator.serviceWorker.ready)
    .then(() => location.reload());
}
