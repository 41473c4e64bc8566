#!/usr/bin/env python3
"""Writes protocol2.pt to protocol5.pt: what torch.save writes, by Python's own pickle and zipfile.

torch isn't needed: modules of its name hold the few functions and classes that a pickle names. The
tests of the checkpoint reader know what these files hold.
"""
import collections
import io
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path


class Storage:
    def __init__(self, kind, key, code, numbers):
        self.kind, self.key, self.elements = kind, key, len(numbers)
        self.bytes = struct.pack(f"<{len(numbers)}{code}", *numbers)


class Tensor:
    def __init__(self, storage, offset, shape, strides, parameter=False):
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())
        self.parameter = parameter

    def __reduce__(self):
        tensor = (_rebuild_tensor_v2, self.arguments)
        if not self.parameter:
            return tensor
        return (_rebuild_parameter, (Tensor(*self.arguments[:4]), True, collections.OrderedDict()))


def _rebuild_tensor_v2():
    raise NotImplementedError


def _rebuild_parameter():
    raise NotImplementedError


class OneCycleLR:
    @staticmethod
    def _annealing_cos():
        raise NotImplementedError


def pretend_module(name, **members):
    module = sys.modules.setdefault(name, types.ModuleType(name))
    for key, member in members.items():
        member.__module__ = name
        setattr(module, key, member)


KINDS = {name: type(name, (), {}) for name in ("FloatStorage", "HalfStorage", "LongStorage")}
pretend_module("torch", **KINDS)
pretend_module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2,
               _rebuild_parameter=_rebuild_parameter)
pretend_module("torch.optim")
pretend_module("torch.optim.lr_scheduler", OneCycleLR=OneCycleLR)
OneCycleLR._annealing_cos.__module__ = "torch.optim.lr_scheduler"


class Pickler(pickle.Pickler):
    def persistent_id(self, item):
        if not isinstance(item, Storage):
            return None
        return ("storage", KINDS[item.kind], item.key, "cuda:0", item.elements)


def checkpoint():
    shared = Storage("FloatStorage", "0", "f", [float(i) for i in range(24)])
    half = Storage("HalfStorage", "1", "e", [0.5, -2.0, 65504.0])
    steps = Storage("LongStorage", "2", "q", [-7, 1 << 40])
    state = collections.OrderedDict()
    state["whole"] = Tensor(shared, 0, (2, 3, 4), (12, 4, 1), parameter=True)
    state["transposed"] = Tensor(shared, 0, (4, 6), (1, 4))
    state["part"] = Tensor(shared, 13, (2, 2), (4, 2))
    state["scalar"] = Tensor(shared, 23, (), ())
    state["repeated"] = Tensor(shared, 5, (3, 2), (0, 1))
    state["empty"] = Tensor(shared, 0, (0, 5), (5, 1))
    state["half"] = Tensor(half, 0, (3,), (1,))
    state["steps"] = Tensor(steps, 0, (2,), (1,))
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    optimiser = {
        "state": {0: {"step": 3, "exp_avg": Tensor(half, 1, (2,), (1,))}},
        "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.99), "amsgrad": False, "params": [0, 1],
                          "capturable": None, "seed": 1 << 100, "decay": -5}],
    }
    scheduler = {"anneal_func": OneCycleLR._annealing_cos, "total_steps": 70000,
                 "base_lrs": [4e-6]}
    root = {"step": 300, "model": state, "opt": optimiser, "scheduler": scheduler,
            "queue": [state["half"], "text"], "größe": Tensor(steps, 1, (1,), (1,))}
    return root, (shared, half, steps)


class Unseekable(io.RawIOBase):
    """A pipe: zipfile must write the sizes behind the data."""

    def __init__(self):
        self.written = io.BytesIO()

    def writable(self):
        return True

    def write(self, data):
        return self.written.write(data)


def save(path, protocol, unseekable):
    root, storages = checkpoint()
    pickled = io.BytesIO()
    Pickler(pickled, protocol).dump(root)
    out = Unseekable() if unseekable else io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        def write(name, data):
            with archive.open(zipfile.ZipInfo(f"{path.stem}/{name}"), "w",
                              force_zip64=True) as entry:
                entry.write(data)
        write("data.pkl", pickled.getvalue())
        write("byteorder", b"little")
        for storage in storages:
            write(f"data/{storage.key}", storage.bytes)
        write("version", b"3\n")
    path.write_bytes((out.written if unseekable else out).getvalue())


for number in (2, 3, 4, 5):
    save(Path(__file__).parent / f"protocol{number}.pt", number, unseekable=number % 2 == 1)
