"""A two-pass assembler for the documented 6502 instructions.

Syntax: ``label:``, ``name = expr``, ``* = expr``, ``.byte``, ``.word``, ``.fill count``, ``; comment``, and
one instruction a line in the usual notation. An expression is ``+``/``-`` over ``$hex``, ``%binary``, decimal
numbers and names; ``<`` or ``>`` in front takes the low or high byte. A name can be a zero page address only
after its definition.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MODES = ("imm", "zp", "zpx", "zpy", "abs", "absx", "absy", "indx", "indy")
_TABLE = """
adc 69 65 75 -- 6d 7d 79 61 71
and 29 25 35 -- 2d 3d 39 21 31
asl -- 06 16 -- 0e 1e
bit -- 24 -- -- 2c
cmp c9 c5 d5 -- cd dd d9 c1 d1
cpx e0 e4 -- -- ec
cpy c0 c4 -- -- cc
dec -- c6 d6 -- ce de
eor 49 45 55 -- 4d 5d 59 41 51
inc -- e6 f6 -- ee fe
jmp -- -- -- -- 4c
jsr -- -- -- -- 20
lda a9 a5 b5 -- ad bd b9 a1 b1
ldx a2 a6 -- b6 ae -- be
ldy a0 a4 b4 -- ac bc
lsr -- 46 56 -- 4e 5e
ora 09 05 15 -- 0d 1d 19 01 11
rol -- 26 36 -- 2e 3e
ror -- 66 76 -- 6e 7e
sbc e9 e5 f5 -- ed fd f9 e1 f1
sta -- 85 95 -- 8d 9d 99 81 91
stx -- 86 -- 96 8e
sty -- 84 94 -- 8c
"""
_IMPLIED = """
asl 0a lsr 4a rol 2a ror 6a brk 00 clc 18 cld d8 cli 58 clv b8 dex ca dey 88 inx e8 iny c8 nop ea pha 48
php 08 pla 68 plp 28 rti 40 rts 60 sec 38 sed f8 sei 78 tax aa tay a8 tsx ba txa 8a txs 9a tya 98
"""
_BRANCHES = "bcc 90 bcs b0 beq f0 bmi 30 bne d0 bpl 10 bvc 50 bvs 70"


def _opcodes() -> dict[tuple[str, str], int]:
    codes = {("jmp", "ind"): 0x6C}
    for mnemonic, *columns in map(str.split, _TABLE.strip().splitlines()):
        modes = zip(_MODES, columns, strict=False)
        codes |= {(mnemonic, mode): int(column, 16) for mode, column in modes if column != "--"}
    for mode, words in (("imp", _IMPLIED.split()), ("rel", _BRANCHES.split())):
        pairs = zip(words[::2], words[1::2], strict=True)
        codes |= {(mnemonic, mode): int(code, 16) for mnemonic, code in pairs}
    return codes


OPCODES: Mapping[tuple[str, str], int] = _opcodes()
"""Opcode of each (mnemonic, addressing mode); ``asl a`` is written ``asl``, mode ``imp``."""

_SIZES = {"imp": 1, "abs": 3, "absx": 3, "absy": 3, "ind": 3}
_OPERANDS = (
    ("imm", re.compile(r"#(.+)")),
    ("indx", re.compile(r"\((.+),x\)")),
    ("indy", re.compile(r"\((.+)\),y")),
    ("ind", re.compile(r"\((.+)\)")),
    ("absx", re.compile(r"(.+),x")),
    ("absy", re.compile(r"(.+),y")),
    ("abs", re.compile(r"(.+)")),
)
_ZERO_PAGE = {"abs": "zp", "absx": "zpx", "absy": "zpy"}
_TERM = re.compile(r"([+-])(\$[0-9a-f]+|%[01]+|\d+|[a-z_]\w*|\*)")
_LINE = re.compile(r"^(?:([a-z_]\w*):)?\s*(\*(?=\s*=)|\.?[a-z_]\w*)?\s*(.*)")


class AssemblyError(ValueError):
    """The source can't be assembled. The message has the line and the reason."""


@dataclass(frozen=True)
class Program:
    """Assembled code: `code` starts at `origin`; `symbols` maps every name to its value."""

    origin: int
    code: bytes
    symbols: Mapping[str, int]


@dataclass(frozen=True)
class _Statement:
    line: int
    address: int
    op: str
    mode: str
    arguments: tuple[str, ...]


def assemble(source: str) -> Program:
    """Assemble `source`.

    Raises
    ------
    AssemblyError
        On a syntax error, an unknown or duplicate name, or a value or branch out of range.
    """
    assembler = _Assembler()
    for number, line in enumerate(source.lower().splitlines(), start=1):
        assembler.read(number, line.partition(";")[0].strip())
    code = b"".join(map(assembler.encode, assembler.statements))
    return Program(assembler.origin, code, assembler.symbols)


class _Assembler:
    def __init__(self) -> None:
        self.symbols: dict[str, int] = {}
        self.statements: list[_Statement] = []
        self.origin = 0
        self.address = 0
        self.line = 0

    def read(self, number: int, text: str) -> None:
        """First pass over a line: define its names, choose its addressing mode, advance the address."""
        self.line = number
        label, op, rest = _LINE.findall(text)[0]
        if label:
            self._define(label, self.address)
        if op and rest.startswith("="):
            self._assign(op, rest[1:].strip())
        elif op:
            self._emit(op, rest.replace(" ", ""))
        elif rest:
            raise self._error(f"can't parse {rest!r}")

    def encode(self, statement: _Statement) -> bytes:
        """Second pass: return the bytes of a statement."""
        self.line, self.address = statement.line, statement.address
        values = [self._value(argument) for argument in statement.arguments]
        if statement.op == ".fill":
            return bytes(values[0])
        if statement.op in (".byte", ".word"):
            size = 1 if statement.op == ".byte" else 2
            return b"".join(self._bytes(value, size) for value in values)
        opcode = bytes([OPCODES[statement.op, statement.mode]])
        if statement.mode == "imp":
            return opcode
        if statement.mode == "rel":
            return opcode + self._branch(values[0])
        return opcode + self._bytes(values[0], _SIZES.get(statement.mode, 2) - 1)

    def _define(self, name: str, value: int) -> None:
        if name in self.symbols:
            raise self._error(f"{name} is defined twice")
        self.symbols[name] = value

    def _assign(self, name: str, expression: str) -> None:
        if name != "*":
            self._define(name, self._value(expression))
        elif self.statements:
            raise self._error("the origin must be set before the first byte")
        else:
            self.origin = self.address = self._value(expression)

    def _emit(self, op: str, operand: str) -> None:
        arguments: tuple[str, ...]
        if op in (".byte", ".word"):
            arguments = tuple(operand.split(","))
            mode, size = "", len(arguments) * (1 if op == ".byte" else 2)
        elif op == ".fill":
            mode, size, arguments = "", self._value(operand), (operand,)
        else:
            mode, arguments = self._operand(op, operand)
            size = _SIZES.get(mode, 2)
        self.statements.append(_Statement(self.line, self.address, op, mode, arguments))
        self.address += size

    def _operand(self, op: str, operand: str) -> tuple[str, tuple[str, ...]]:
        if not operand:
            return self._mode(op, "imp"), ()
        if (op, "rel") in OPCODES:
            return "rel", (operand,)
        for mode, pattern in _OPERANDS:
            if match := pattern.fullmatch(operand):
                short = _ZERO_PAGE.get(mode, "")
                if (op, short) in OPCODES and self._is_zero_page(match[1]):
                    return short, (match[1],)
                return self._mode(op, mode), (match[1],)
        raise self._error(f"can't parse operand {operand!r}")

    def _mode(self, op: str, mode: str) -> str:
        if (op, mode) not in OPCODES:
            raise self._error(f"the 6502 has no {op} with addressing mode {mode}")
        return mode

    def _is_zero_page(self, expression: str) -> bool:
        names = re.findall(r"(?<![$\w])[a-z_]\w*", expression)
        return all(name in self.symbols for name in names) and self._value(expression) < 0x100

    def _value(self, expression: str) -> int:
        if expression.isdigit():  # A shortcut: large tables consist of these.
            return int(expression)
        select = expression[:1] if expression[:1] in "<>" else ""
        body = expression[len(select) :].replace(" ", "")
        signed = body if body[:1] in ("+", "-") else "+" + body
        terms = _TERM.findall(signed)
        if "".join(sign + term for sign, term in terms) != signed:
            raise self._error(f"can't parse expression {expression!r}")
        value = sum(-self._term(term) if sign == "-" else self._term(term) for sign, term in terms)
        return {"": value, "<": value & 0xFF, ">": value >> 8 & 0xFF}[select]

    def _term(self, term: str) -> int:
        if term[0] == "$":
            return int(term[1:], 16)
        if term[0] == "%":
            return int(term[1:], 2)
        if term.isdigit():
            return int(term)
        if term == "*":
            return self.address
        if term not in self.symbols:
            raise self._error(f"{term} is not defined")
        return self.symbols[term]

    def _bytes(self, value: int, size: int) -> bytes:
        if not 0 <= value < 256**size:
            raise self._error(f"{value} doesn't fit into {size} byte(s)")
        return value.to_bytes(size, "little")

    def _branch(self, target: int) -> bytes:
        distance = target - self.address - 2
        if not -128 <= distance <= 127:
            raise self._error(f"branch of {distance} bytes is out of reach; use jmp")
        return distance.to_bytes(1, "little", signed=True)

    def _error(self, reason: str) -> AssemblyError:
        return AssemblyError(f"line {self.line}: {reason}")
