"""Takes files apart into named parts, so that what differs between two of them has a name.

parts_of() gives {name: value}. Names by the kind of file:

    .json, .geojson   "stages.mask.seconds", and "layout": all that is no value
    .csv              "seconds of row 2"
    .tif, .svs        "directory 0 tag 270", "directory 0 tile 17"
    a checkpoint of a training   "step", "weights.0", "optimizer.adam.state.parameter 3.exp_avg"
    anything else     "bytes"

Offsets within a file belong to no part: who compares parts first compares the bytes.
"""
import csv
import io
import json
import pathlib
import pickle
import re
import struct
import zipfile

JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{},:]|\s+')
CHECKPOINT_END = b"\nhistoloom training checkpoint, SHA-256 "
ADDRESS = re.compile(r"0x[0-9a-f]+")

TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8,
              13: 4, 16: 8, 17: 8, 18: 8}
TIFF_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
STRIP_OFFSETS, STRIP_LENGTHS, TILE_OFFSETS, TILE_LENGTHS = 273, 279, 324, 325
SUB_DIRECTORIES = 330
PLACES = (STRIP_OFFSETS, TILE_OFFSETS, SUB_DIRECTORIES)


def json_parts(data):
    text = data.decode()
    # `path` has an index for every open list, and for every open object its key, None before it.
    parts, layout, path = {}, [], []
    for token in JSON_TOKEN.findall(text):
        if token in "{[":
            path.append(0 if token == "[" else None)
        elif token in "}]":
            path.pop()
        elif token == ",":
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif token == ":" or token.isspace():
            pass
        elif path and path[-1] is None:
            path[-1] = json.loads(token)
        else:
            parts[".".join(map(str, path))] = token
            token = "value"
        layout.append(token)
    parts["layout"] = "".join(layout)
    return parts


def csv_parts(data):
    columns, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    parts = {f"{column} of row {n}": value for n, row in enumerate(rows, start=1)
             for column, value in zip(columns, row, strict=True)}
    return parts | {"layout": f"{','.join(columns)}, {len(rows)} rows"}


class Tiff:
    """The directories of a TIFF or BigTIFF: for each {tag: (type, bytes)}."""

    def __init__(self, data):
        self.data, self.order = data, {b"II": "<", b"MM": ">"}[data[:2]]
        self.big = self.number("H", 2) == 43
        self.directories = []
        wanted = [self.number("Q", 8) if self.big else self.number("I", 4)]
        while wanted:
            directory, following = self.read_directory(wanted.pop(0))
            self.directories.append(directory)
            if following:
                wanted.append(following)
            wanted += self.numbers(directory, SUB_DIRECTORIES)

    def number(self, kind, at):
        return struct.unpack_from(self.order + kind, self.data, at)[0]

    def read_directory(self, at):
        head, entry, word = ("Q", 20, 8) if self.big else ("H", 12, 4)
        first, directory = at + struct.calcsize("=" + head), {}
        count = self.number(head, at)
        for start in range(first, first + count * entry, entry):
            tag, kind = self.number("H", start), self.number("H", start + 2)
            size = self.number("Q" if self.big else "I", start + 4) * TIFF_SIZES[kind]
            value = start + 4 + word
            if size > word:
                value = self.number("Q" if self.big else "I", value)
            directory[tag] = kind, self.data[value:value + size]
        return directory, self.number("Q" if self.big else "I", first + count * entry)

    def numbers(self, directory, tag):
        kind, value = directory.get(tag, (4, b""))
        count = len(value) // TIFF_SIZES[kind]
        return list(struct.unpack(f"{self.order}{count}{TIFF_FORMATS[kind]}", value))

    def tiles(self, directory):
        """Bytes of its tiles, or of its strips, as they are stored."""
        tiled = TILE_OFFSETS in directory
        offsets = self.numbers(directory, TILE_OFFSETS if tiled else STRIP_OFFSETS)
        lengths = self.numbers(directory, TILE_LENGTHS if tiled else STRIP_LENGTHS)
        return [self.data[at:at + size] for at, size in zip(offsets, lengths, strict=True)]


def tiff_parts(data):
    tiff, parts = Tiff(data), {}
    for n, directory in enumerate(tiff.directories):
        parts |= {f"directory {n} tag {tag}": value for tag, (_, value) in directory.items()
                  if tag not in PLACES}
        parts |= {f"directory {n} tile {i}": tile for i, tile in enumerate(tiff.tiles(directory))}
    return parts


class Module:
    """Stands for each of the types that libtorch's archives make up: its attributes are all."""


class ArchiveReader(pickle.Unpickler):
    """Reads the values of libtorch's archive and runs nothing of it; a tensor is (shape, bytes)."""

    def __init__(self, entries):
        super().__init__(entries.open("archive/data.pkl"))
        self.entries = entries

    def find_class(self, module, name):
        known = {"Module": Module, "OrderedDict": dict,
                 "_rebuild_tensor_v2": lambda data, offset, shape, *rest: (shape, data)}
        return known[name] if name in known else f"{module}.{name}"  # of a storage

    def persistent_load(self, storage):
        return self.entries.read(f"archive/data/{storage[2]}")


def leaves(value, path=()):
    """(path, value) of all that is neither module nor dict."""
    if isinstance(value, Module):
        value = vars(value)
    if not isinstance(value, dict):
        yield path, value
        return
    for name, part in value.items():
        yield from leaves(part, (*path, name))


def checkpoint_parts(data):
    """AdamW's state is stored by addresses of tensors, which are numbered here as it lists them."""
    archive, _, _ = data.rpartition(CHECKPOINT_END)
    with zipfile.ZipFile(io.BytesIO(archive)) as entries:
        found = list(leaves(ArchiveReader(entries).load()))
    addresses = [value for _, value in found if isinstance(value, str) and ADDRESS.fullmatch(value)]
    numbers = {address: f"parameter {n}" for n, address in enumerate(addresses)}
    parts = {"addresses": " ".join(name for path, _ in found for name in path if name in numbers)}
    for path, value in found:
        name = ".".join(numbers.get(step, step) for step in path)
        if isinstance(value, tuple) and isinstance(value[1], bytes):
            parts[f"{name} shape"], parts[name] = str(value[0]), value[1]
        else:
            parts[name] = str(numbers.get(value, value))
    return parts


def parts_of(name, data):
    """A file that is damaged has one part, its bytes."""
    ending = pathlib.Path(name).suffix
    try:
        if ending in (".json", ".geojson"):
            return json_parts(data)
        if ending == ".csv":
            return csv_parts(data)
        if ending in (".tif", ".svs"):
            return tiff_parts(data)
        if CHECKPOINT_END in data[-200:]:
            return checkpoint_parts(data)
    except (ValueError, LookupError, TypeError, struct.error, pickle.UnpicklingError,
            zipfile.BadZipFile):
        pass
    return {"bytes": data}


def short(value):
    """A value as a message has it."""
    if value is None:
        return "missing"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}… ({len(value)} in all)"


def difference(before, after):
    """What differs in one part, in words."""
    if not isinstance(before, bytes) or not isinstance(after, bytes) or max(
            len(before), len(after)) <= 60:
        return f"{short(before)} / {short(after)}"
    at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b),
              min(len(before), len(after)))
    return (f"from byte {at} of {len(before)} / {len(after)}: "
            f"{before[at:at + 8].hex()} / {after[at:at + 8].hex()}")
