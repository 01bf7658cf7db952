"""The address of this release's files; each release has its own."""

from pyscript import document, window

RELEASE = window.URL.new("../..", document.querySelector("script[type=module]").src).href
