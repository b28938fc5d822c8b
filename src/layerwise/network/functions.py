"""What a function is, as far as two can be compared: its name, a digest of its code, and the values it refers to.

    def / lambda  ──► name, code (bytecode and constants), values (defaults, closure, global names)
    bound method  ──► the same, and what it is bound to
    callable      ──► its class, its ``__call__`` and its attributes

Bytecode is that of one version of Python, whose tag stands beside it. Comments, the docstring and names of local
variables are no part of it.
"""

from __future__ import annotations

import dis
import hashlib
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

Describe = Callable[[Any], Any]

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)


def path_of(value: Any) -> str:
    """Module and name of a function or a class."""
    name = getattr(value, "__qualname__", type(value).__qualname__)
    return f"{getattr(value, '__module__', None) or '?'}.{name}"


def describe_function(function: Any, describe: Describe) -> dict[str, Any]:
    """A function or a class as JSON; `describe` gives that of the values it refers to."""
    found: dict[str, Any] = {"type": "function", "name": path_of(function)}
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, (type, ModuleType)):
        found["of"] = _describe_value(owner, describe)
    plain = getattr(function, "__func__", function)
    if isinstance(plain, FunctionType):
        values = {name: _describe_value(value, describe) for name, value in _values(plain)}
        found |= {"python": sys.implementation.cache_tag, "code": _digest(plain.__code__, plain.__doc__)}
        found |= {"values": values} if values else {}
    return found


def describe_callable(value: Any, describe: Describe) -> dict[str, Any]:
    """An object that can be called as JSON: the method that is run, and the attributes."""
    found: dict[str, Any] = {"type": "object", "name": path_of(type(value))}
    if not hasattr(value, "__dict__"):
        return found
    state = {name: _describe_value(part, describe) for name, part in vars(value).items()}
    return found | {"call": describe(type(value).__call__), "state": state}


def _describe_value(value: Any, describe: Describe) -> Any:
    """A value that a function refers to; random numbers go on while it is called, so their state tells nothing."""
    if isinstance(value, (np.random.Generator, np.random.RandomState)):
        return {"type": "object", "name": path_of(type(value))}
    return {"type": "module", "name": value.__name__} if isinstance(value, ModuleType) else describe(value)


def _values(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Defaults, the closure's and the globals' values, by their names.

    Of a function that is found again under its name, such as a library's, only what is plain: the rest is its module's.
    """
    code, found_by_name = function.__code__, _is_importable(function)
    parameters = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    yield from zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()
    if found_by_name and hasattr(function, "__wrapped__"):
        yield "__wrapped__", function.__wrapped__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        value = _contents(cell)
        if not found_by_name or isinstance(value, _PLAIN):
            yield name, value
    for name in sorted(_global_names(code) & function.__globals__.keys()):
        value = function.__globals__[name]
        beside = isinstance(value, FunctionType) and value.__module__ == function.__module__
        named = isinstance(value, (type, ModuleType, FunctionType, BuiltinFunctionType))  # says all by its name
        if isinstance(value, _PLAIN) or beside or not (found_by_name or named):
            yield name, value


def _is_importable(function: FunctionType) -> bool:
    """Whether a module other than the script has this very function under its name."""
    found: Any = sys.modules.get(function.__module__ or "")
    if found is None or function.__module__ == "__main__":
        return False
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _global_names(code: CodeType) -> set[str]:
    found = {line.argval for line in dis.get_instructions(code) if line.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(_global_names(part) for part in code.co_consts if isinstance(part, CodeType)))


def _digest(code: CodeType, doc: str | None = None) -> str:
    """BLAKE2b of the bytecode and all that it names."""
    constants = [_constant(None if doc is not None and part is doc else part) for part in code.co_consts]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    parts = (code.co_code.hex(), counts, code.co_names, code.co_freevars, code.co_cellvars, constants)
    exceptions = getattr(code, "co_exceptiontable", b"").hex()
    return hashlib.blake2b(repr((parts, exceptions)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return _digest(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    if isinstance(value, frozenset):  # whose order is another in each process
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    return repr(value)
