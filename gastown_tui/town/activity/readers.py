"""Which program's tables read a screen. Adding a program is adding one file beside this one, its scenes, and its name here."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from .rules import Program, Reading, read
from .screen import Screen

PRODUCTS = ("claude", "codex", "kimi-cli", "opencode", "kilo", "kimi-code", "gemini", "hermes")


@lru_cache
def program_named(product: str | None) -> Program | None:
    """Returns the tables of a program, or None for one whose screens we do not know. A one-shot command meets few of them."""
    if product not in PRODUCTS:
        return None
    module = import_module(f".{product.replace('-', '_')}", __package__)
    program: Program = module.PROGRAM
    return program


@lru_cache(maxsize=64)
def read_screen(product: str, screen: Screen) -> Reading:
    """Returns what a screen of a known program says; the very same object for the same screen."""
    program = program_named(product)
    if program is None:
        return Reading(None, "it is a program whose screens we do not know")
    reading = read(program, screen)
    if reading.state is None and program.twin and screen.title != program.title:
        return read_screen(program.twin, screen)
    return reading
