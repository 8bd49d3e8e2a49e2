"""Kernels as machine code that is made once by numba and loaded again without it, in a moment.

Importing numba takes longer than joining a million parcels. `machine_code` therefore compiles every kernel
to one object file in memory, and `load` binds such an object with llvmlite alone, `load_linked` a library that was
linked of one without even that. Until then, and on systems where it cannot be done, `kernel` gives the same
functions compiled by numba as they are called.
"""

from __future__ import annotations

import ctypes
import hashlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

Kernel = Callable[..., int]

# Over a feature wider than this the scale changes more than the kernels' series allow for.
NEAR_DEGREES = 0.2

MODULES = ("kernels_area", "kernels_cut", "kernels_flat", "kernels_overlay", "kernels_points")
SIGNATURES = {
    "flat_areas": ("kernels_area", "f2 i1 c1 i1 f2 b1 b f1 b1"),
    "flat_perimeters": ("kernels_area", "f2 i1 i1 i1 f1"),
    "suspicious": ("kernels_area", "f2 i1 i1 i b1"),
    "halves_room": ("kernels_cut", "f2 i1 i1 f2 i b1 i1"),
    "halve": ("kernels_cut", "f2 i1 c1 i1 f2 b1 f2 i1 c1 i1 f2 i1 b1 i1"),
    "grid_count": ("kernels_cut", "f2 f f f i i i1"),
    "grid_fill": ("kernels_cut", "f2 f f f i i i1 j1"),
    "count_wkb": ("kernels_flat", "u1 i1 b1 c1 i1 i1"),
    "read_wkb": ("kernels_flat", "u1 i1 c1 i1 i1 u1 i1 b1"),
    "read_points": ("kernels_flat", "u1 i1 b1 f2 u1"),
    "ring_signs_and_boxes": ("kernels_flat", "f2 i1 b1 i1 c1 f2"),
    "overlay": ("kernels_overlay", "f2 i1 c1 i1 f2 i i f2 i1 c1 i1 f2 i1 b1 i1 j1 f f f i i b f2 i1 i1 f1 i i1"),
    "slabs_count": ("kernels_points", "f2 i1 i1 f f i i1 i1 j1"),
    "slabs_fill": ("kernels_points", "f2 i1 i1 f f i i1 i1 j1 i1 j1 i1"),
    "locate": ("kernels_points", "f2 f2 f2 f f i i1 j1 i1 i1 i1 b1"),
}
"""Each kernel's module and what it takes: f float64, i int64, b bool, j int32, c int8, u uint8; 1 or 2 dimensions.

Arrays are contiguous; a kernel writes its findings into the last of them and returns a whole number.
"""

_TYPES: dict[str, tuple[Any, Any]] = {
    "f": (np.dtype(np.float64), ctypes.c_double),
    "i": (np.dtype(np.int64), ctypes.c_int64),
    "b": (np.dtype(np.bool_), ctypes.c_bool),
    "j": (np.dtype(np.int32), ctypes.c_int32),
    "c": (np.dtype(np.int8), ctypes.c_int8),
    "u": (np.dtype(np.uint8), ctypes.c_uint8),
}

_bound: dict[str, Kernel] = {}
_libraries: list[Any] = []


def kernel(name: str) -> Kernel:
    """A kernel by its name: loaded machine code if there is any, else compiled by numba at its first call."""
    if name not in _bound:
        _bound[name] = getattr(import_module(f"geo.{SIGNATURES[name][0]}"), name)
    return _bound[name]


def native() -> bool:
    """Whether kernels run as loaded machine code."""
    return bool(_libraries)


def mark(processor: str) -> str:
    """What machine code depends on, as a short word: the kernels' source, the compiler and the processor."""
    import llvmlite

    made = hashlib.sha256()
    for module in (*MODULES, "kernels_native"):
        made.update(pkgutil.get_data("geo", f"{module}.py") or b"")
    # Of how shapes are measured, kernels take the constants alone.
    lines = (pkgutil.get_data("geo", "measure.py") or b"").splitlines()
    made.update(b"\n".join(line for line in lines if line[:1].isupper()))
    made.update(f"{llvmlite.__version__} {processor}".encode())
    return made.hexdigest()[:20]


def _processor() -> tuple[str, str]:
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def machine_code() -> bytes:
    """All kernels as one object file for this processor; takes numba some ten seconds."""
    import llvmlite.binding as llvm

    numba: Any = import_module("numba")
    types = numba.types
    numba_types = {"f": types.float64, "i": types.int64, "b": types.boolean}
    numba_types |= {"j": types.int32, "c": types.int8, "u": types.uint8}
    whole = llvm.parse_assembly("")
    for name, (module, kinds) in SIGNATURES.items():
        wrapper = _wrapper(getattr(import_module(f"geo.{module}"), name), kinds.split(), numba.carray)
        taken: list[Any] = []
        for kind in kinds.split():
            one = numba_types[kind[0]]
            taken += [types.CPointer(one), *[types.int64] * int(kind[1])] if len(kind) > 1 else [one]
        made = numba.cfunc(types.int64(*taken), error_model="numpy")(wrapper)
        whole.link_in(llvm.parse_assembly(made.inspect_llvm().replace(made.native_name, f"xiangtu_{name}")))
    _leave_numba_out(whole)
    cpu, features = _processor()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    # The large model: code may be loaded farther than 2 GB from the libraries it calls.
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="large")
    return bytes(machine.emit_object(whole))


def _leave_numba_out(whole: Any) -> None:
    """End the process where code would call numba: for an error, which kernels never raise, or to free memory."""
    import llvmlite.binding as llvm

    outside = [
        one.name for one in whole.functions if one.is_declaration and one.name.startswith(("numba_", "NRT_"))
    ]
    text = "declare void @llvm.trap()\n" + "\n".join(
        f"define void @{name}() {{ call void @llvm.trap()\n unreachable }}" for name in outside
    )
    whole.link_in(llvm.parse_assembly(text))


def _wrapper(function: Any, kinds: Sequence[str], carray: Any) -> Any:
    """A function of pointers, lengths and numbers that calls a kernel with arrays."""
    parameters, arguments = [], []
    for i, kind in enumerate(kinds):
        lengths = [f"n{i}_{k}" for k in range(int(kind[1:] or 0))]
        parameters += [f"p{i}", *lengths]
        arguments.append(f"carray(p{i}, ({', '.join(lengths)},))" if lengths else f"p{i}")
    space: dict[str, Any] = {"function": function, "carray": carray}
    exec(f"def wrapper({', '.join(parameters)}):\n    return function({', '.join(arguments)})", space)
    return space["wrapper"]


def load(code: bytes) -> None:
    """Bind all kernels to machine code that `machine_code` made; RuntimeError when it does not fit here."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    compiler = llvm.create_lljit_compiler()
    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in SIGNATURES:
        builder = builder.export_symbol(f"xiangtu_{name}")
    library = builder.link(compiler, "geo")
    _bind([compiler, library], {name: library[f"xiangtu_{name}"] for name in SIGNATURES})


def load_linked(library: ctypes.CDLL) -> None:
    """Bind all kernels to a library that was linked of such code; AttributeError when it is another."""
    found = {name: ctypes.cast(library[f"xiangtu_{name}"], ctypes.c_void_p).value for name in SIGNATURES}
    _bind([library], {name: address for name, address in found.items() if address})


def _bind(libraries: Sequence[Any], addresses: Mapping[str, int]) -> None:
    _libraries[:] = libraries
    for name, (_, kinds) in SIGNATURES.items():
        _bound[name] = _call(addresses[name], name, kinds.split())


def unload() -> None:
    """Go back to kernels compiled by numba."""
    _bound.clear()
    _libraries.clear()


def _call(address: int, name: str, kinds: Sequence[str]) -> Kernel:
    taken: list[Any] = []
    for kind in kinds:
        lengths = int(kind[1:] or 0)
        taken += [ctypes.c_void_p, *[ctypes.c_int64] * lengths] if lengths else [_TYPES[kind][1]]
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *taken)(address)
    wanted = [(_TYPES[kind[0]][0], int(kind[1:] or 0)) for kind in kinds]

    def _call(*arguments: Any) -> int:
        passed: list[Any] = []
        for one, (dtype, dimensions) in zip(arguments, wanted, strict=True):
            if dimensions == 0:
                passed.append(one)
                continue
            if one.dtype != dtype or one.ndim != dimensions or not one.flags.c_contiguous:
                raise TypeError(f"{name} takes contiguous {dtype} in {dimensions} dimensions")
            passed += [one.ctypes.data, *one.shape]
        return int(function(*passed))

    return _call
