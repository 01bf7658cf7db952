"""A separate build of the emulator's processor with 64 KB of RAM, and functions that drive it for tests."""

import struct
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

from wasmtime import Engine, Func, Instance, Memory, Module, Store

from app.files import fingerprint, sources_in
from app.paths import paths
from app.setup.compiler import installed_compiler
from app.setup.emulator import FLAGS, compile_wasm

SOURCE = Path(__file__).with_name("cpu_test.cpp")
C, Z, I, D, B, UNUSED, V, N = (1 << bit for bit in range(8))  # noqa: E741
REAL_FLAGS = 0xFF & ~(B | UNUSED)
"""The flags that exist in the processor; the other two exist only in pushed copies."""


@dataclass(frozen=True)
class Cpu:
    """The processor's registers."""

    pc: int = 0x1000
    a: int = 0
    x: int = 0
    y: int = 0
    sp: int = 0xFF
    p: int = UNUSED | I


@dataclass(frozen=True)
class Step:
    """The result of one step: the state after it, its cycles, and its memory writes in order."""

    cpu: Cpu
    cycles: int
    jammed: bool
    writes: list[tuple[int, int]]


class Processor:
    """One instance of the test build."""

    def __init__(self) -> None:
        engine = Engine()
        module = Module.from_file(engine, str(built_for_tests()))
        self._store = Store(engine)
        exports = Instance(self._store, module, []).exports(self._store)
        self._memory = cast("Memory", exports["memory"])
        self._set, self._step = cast("Func", exports["cpu_set"]), cast("Func", exports["cpu_step"])
        cast("Func", exports["_initialize"])(self._store)
        self._ram = cast("int", cast("Func", exports["cpu_ram"])(self._store))
        self._state = cast("int", cast("Func", exports["cpu_state"])(self._store))

    def poke(self, address: int, *values: int) -> None:
        """Write bytes to RAM."""
        self._memory.write(self._store, bytes(values), self._ram + address)

    def fill(self, ram: bytes) -> None:
        """Set all of RAM."""
        self._memory.write(self._store, ram, self._ram)

    def ram(self) -> bytes:
        """Return all of RAM."""
        return bytes(self._memory.read(self._store, self._ram, self._ram + 0x10000))

    def set(self, cpu: Cpu) -> None:
        """Set the registers."""
        packed = struct.pack("<6I", *asdict(cpu).values())
        self._memory.write(self._store, packed, self._state)
        self._set(self._store)

    def step(self, irq: bool = False, nmi: bool = False) -> Step:
        """Run one instruction or enter an interrupt."""
        self._step(self._store, int(irq), int(nmi))
        words = struct.unpack("<17I", self._memory.read(self._store, self._state, self._state + 68))
        writes = [(word >> 8, word & 0xFF) for word in words[9 : 9 + words[8]]]
        return Step(Cpu(*words[:6]), words[6], bool(words[7]), writes)

    def run(self, cpu: Cpu, *code: int) -> Step:
        """Put `code` at the program counter, set the registers, and run its first instruction."""
        self.poke(cpu.pc, *code)
        self.set(cpu)
        return self.step()


def visible(cpu: Cpu) -> Cpu:
    """Return the registers without the two flag bits that don't exist in the chip."""
    return replace(cpu, p=cpu.p & REAL_FLAGS)


def built_for_tests() -> Path:
    """Return the test build; compile it unless it is up to date."""
    sources = [SOURCE, *sources_in(paths().wasm)]
    output = paths().work.parent / "wasm-tests" / f"cpu-{fingerprint([*sources, *FLAGS])[:16]}.wasm"
    if not output.is_file():
        compiler = installed_compiler(paths().work)
        assert compiler, "ziglang is among the packages for development"
        compile_wasm([[SOURCE]], [paths().wasm], output, compiler)
    return output
