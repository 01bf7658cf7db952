"""Types of what the page uses of the DOM, with the DOM's names. The page itself does not load this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Element(Protocol):
    """The part of an HTML element that the page uses, with the DOM's names."""

    id: str
    className: str
    textContent: str
    title: str
    hidden: bool
    disabled: bool
    checked: bool
    open: bool
    type: str
    name: str
    tabIndex: int
    value: Any
    max: int
    dataset: Any
    files: Any
    content: Element
    children: Any
    options: Any
    parentElement: Element
    nextElementSibling: Element

    def querySelector(self, selector: str) -> Element: ...
    def querySelectorAll(self, selector: str) -> Sequence[Element]: ...
    def closest(self, selector: str) -> Element: ...
    def contains(self, other: object) -> bool: ...
    def getAttribute(self, name: str) -> str: ...
    def setAttribute(self, name: str, value: str) -> None: ...
    def removeAttribute(self, name: str) -> None: ...
    def addEventListener(self, event: str, listener: object) -> None: ...
    def append(self, *nodes: Element | str) -> None: ...
    def after(self, *nodes: Element | str) -> None: ...
    def replaceChildren(self, *nodes: Element) -> None: ...
    def remove(self) -> None: ...
    def cloneNode(self, deep: bool) -> Element: ...
    def focus(self) -> None: ...
    def click(self) -> None: ...
    def reset(self) -> None: ...
    def showModal(self) -> None: ...
    def close(self) -> None: ...
    def setCustomValidity(self, message: str) -> None: ...
    def reportValidity(self) -> bool: ...


class Event(Protocol):
    """The part of a DOM event that the page uses."""

    target: Element
    currentTarget: Element
    key: str
    detail: int
    repeat: bool
    ctrlKey: bool
    altKey: bool
    metaKey: bool
    isComposing: bool
    defaultPrevented: bool

    def preventDefault(self) -> None: ...


class Target(Protocol):
    """What emits events."""

    def addEventListener(self, event: str, listener: object) -> None: ...
