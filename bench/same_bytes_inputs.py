"""What the commands of same_bytes read: made once, and read by both programs.

Masks, pictures and annotations are written here; slides, and what is cut from them, are made by the
program before. All have odd sizes, so that edges of cells and tiles count.
"""
import json
import math
import shutil
import struct
import zlib

from program import run
from same_bytes_parts import Tiff

WIDTH, HEIGHT = 419, 307  # of the slides that masks are for
CELL = 4  # pixels a cell of the small mask
TRAINING = "548x532"  # of slides to train on: a mask denoiser's patch has 512 px a side
UNKNOWN, CARCINOMA, NECROSIS, STROMA, OTHER, GLASS = range(6)  # labels of the default model
COLOURS = [(0, 0, 0), (200, 0, 0), (70, 70, 70), (0, 160, 80), (60, 90, 200), (240, 240, 240)]
JPEG_TABLES, SHARED = 347, 2  # a TIFF's tag; bytes of SOI and of EOI


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, rows, colours=None):
    """Rows of triples, or with `colours` rows of indices into them."""
    flat = [b"\0" + bytes(row if colours else [v for pixel in row for v in pixel]) for row in rows]
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3 if colours else 2, 0, 0, 0)
    palette = png_chunk(b"PLTE", bytes(v for c in colours for v in c)) if colours else b""
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + palette +
                     png_chunk(b"IDAT", zlib.compress(b"".join(flat))) + png_chunk(b"IEND", b""))


def write_tiff(path, rows):
    """One strip without compression: rows of triples, or of numbers."""
    rgb = isinstance(rows[0][0], tuple)
    pixels = b"".join(bytes([v for p in row for v in p] if rgb else row) for row in rows)
    pixels += b"\0" * (len(pixels) % 2)
    entries = [(256, 4, 1, len(rows[0])), (257, 4, 1, len(rows)), (258, 3, 1, 8), (259, 3, 1, 1),
               (262, 3, 1, 2 if rgb else 1), (273, 4, 1, 8), (277, 3, 1, 3 if rgb else 1),
               (278, 4, 1, len(rows)), (279, 4, 1, len(pixels)), (284, 3, 1, 1)]
    directory_at = 8 + len(pixels)
    if rgb:  # three times 8 bits don't fit into the entry
        after = directory_at + 2 + 12 * len(entries) + 4
        entries[2] = (258, 3, 3, after)
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, directory_at) + pixels + directory +
                     (struct.pack("<HHH", 8, 8, 8) if rgb else b""))


def write_safetensors(path, tensors):
    """Tensors by name: (type, shape, bytes)."""
    header, values = {}, b""
    for name, (kind, shape, data) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(values), len(values) + len(data)]}
        values += data
    words = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(words)) + words + values)


def read_safetensors(path):
    data = path.read_bytes()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {name: (tensor["dtype"], tensor["shape"],
                   data[slice(*(begin + at for at in tensor["data_offsets"]))])
            for name, tensor in header.items()}


def write_jpeg(path, tiff):
    """The first tile of a TIFF whose tiles are JPEG: its tables, and then what the tile has."""
    slide = Tiff(tiff.read_bytes())
    directory = slide.directories[0]
    path.write_bytes(directory[JPEG_TABLES][1][:-SHARED] + slide.tiles(directory)[0][SHARED:])


def label_at(x, y):
    """A disc of carcinoma with a necrotic core in stroma, glass to the right, a part unknown."""
    distance = math.hypot(x - 165, y - 150) + 9 * math.sin(x / 13) + 7 * math.cos(y / 17)
    if x > 340 + 25 * math.sin(y / 30):
        return GLASS
    if x < 60 and y < 120:
        return UNKNOWN
    if distance < 45:
        return NECROSIS
    if distance < 95:
        return CARCINOMA
    return STROMA if distance < 150 else OTHER


def picture_at(x, y):
    wave = math.sin(x / 9) * math.cos(y / 13)
    return (int(190 + 40 * wave), int(120 + 60 * math.sin((x + y) / 21)), (x * 7 + y * 13) % 256)


def grid(function, width, height, step=1):
    return [[function(x, y) for x in range(0, width, step)] for y in range(0, height, step)]


def polygon(*points):
    return [[*points, points[0]]]


def feature(classification, kind, coordinates, children=()):
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates},
            "properties": {"objectType": "annotation", "classification": classification},
            "childObjects": list(children)}


def annotations():
    """Classes in all three ways, a hole, a MultiPolygon, a child, one past the slide's edge."""
    hole = polygon([80, 80], [130, 85], [105, 145])[0]
    return {"type": "FeatureCollection", "features": [
        feature({"name": "Other"}, "Polygon", polygon([-20, 20], [310, 6], [330, 299], [15, 302])),
        feature("carcinoma", "Polygon",
                polygon([40.5, 45.25], [200, 40], [210, 195], [60, 215]) + [hole],
                [feature({"names": ["necrosis"]}, "Polygon",
                         polygon([145, 130], [185, 135], [160, 190]))]),
        feature({"name": "Tumour Stroma: Positive"}, "MultiPolygon",
                [polygon([225, 40], [300, 55], [270, 120]),
                 polygon([225, 200], [305, 190], [310, 290], [232, 275])]),
    ]}


def region():
    return {"type": "FeatureCollection", "features": [
        feature(None, "Polygon", polygon([100, 80], [220, 105], [170, 215], [95, 185]))]}


def write_masks(folder):
    labels = grid(label_at, WIDTH, HEIGHT, CELL)
    whole = [[label for label in row for _ in range(CELL)][:WIDTH]
             for row in labels for _ in range(CELL)][:HEIGHT]
    write_tiff(folder / "labels_4.tif", labels)
    write_tiff(folder / "labels.tif", whole)
    write_png(folder / "indices.png", whole, COLOURS)
    write_png(folder / "coloured.png", [[COLOURS[label] for label in row] for row in whole])
    names = {CARCINOMA: "carcinoma", STROMA: "tumour stroma"}
    (folder / "colours.json").write_text(json.dumps({"colors": [
        {"color": colour, "label": names.get(i, i)} for i, colour in enumerate(COLOURS)]}))
    write_png(folder / "outline.png", [[(243, 240, 244) if label == GLASS else (190, 120, 170)
                                        for label in row] for row in labels])
    (folder / "annotations.geojson").write_text(json.dumps(annotations()))
    (folder / "region.geojson").write_text(json.dumps(region()))


def write_pictures(program, folder):
    picture = grid(picture_at, 300, 259)
    write_png(folder / "picture.png", picture)
    write_tiff(folder / "picture.tif", picture)
    write_jpeg_picture(program, folder)
    (folder / "damaged.tif").write_bytes((folder / "picture.tif").read_bytes()[:5000])


def write_jpeg_picture(program, folder):
    tiles = folder / "tiles.tif"
    run(program, "pyramid", folder / "picture.png", "-o", tiles, "--quiet")
    write_jpeg(folder / "picture.jpg", tiles)
    tiles.unlink()


def write_slides(program, folder):
    """slide.svs and flat.tif to paint in; in training/ slides with masks; in masks/ masks alone."""
    def paint(name, *more):
        out = folder / name
        run(program, "generate", "-o", out, "--mask-out", out.with_name(f"{out.stem}_mask.tif"),
            "--model", folder / "model", "--steps", 2, "--quiet", *more)

    paint("slide.svs", "--size", f"{WIDTH}x{HEIGHT}", "--layout", "full", "--seed", 7)
    run(program, "pyramid", folder / "slide.svs", "-o", folder / "flat.tif", "--compression",
        "deflate", "--quiet")
    for name in ("training", "masks"):
        (folder / name).mkdir()
    for number, seed, layout in ((2, 9, "full"), (3, 3, "tissue")):
        paint(f"training/{number}.tif", "--size", TRAINING, "--seed", seed, "--layout", layout,
              "--compression", "none")
    write_tiff(folder / "masks/alone.tif", grid(label_at, 548, 532))


def write_small_model(program, folder):
    """A bundle whose networks are narrower, so that training is quick; with an autoencoder."""
    spec = json.loads((folder / "model/model.json").read_text())
    spec["autoencoder"]["config"] |= {"fine_width": 32, "coarse_width": 48, "fine_blocks": 1,
                                      "coarse_blocks": 1}
    for network in ("denoiser", "mask_denoiser"):
        spec[network]["config"] |= {"widths": [32, 48], "blocks": 1, "embedding": 64}
    small, checkpoint = folder / "small", folder / "small.ckpt"
    small.mkdir()
    (small / "model.json").write_text(json.dumps(spec, indent=1))
    run(program, "train", "autoencoder", "--model", small, "--images", folder / "training",
        "--checkpoint", checkpoint, "--steps", 2, "--batch", 2, "--threads", 1, "--quiet")
    for file in folder.glob("small.ckpt*"):
        file.unlink()


def write_published(folder, kit):
    """Weights as DiffInfinite and diffusers publish them, of the parity kit."""
    for name in ("model-10.pt", "diffinfinite_mask_unet.safetensors"):
        (folder / name).symlink_to(kit / name)
    for part, name in (("unet", "unet_2d_condition"), ("vae", "autoencoder_kl"),
                       ("vq", "vq_model")):
        (folder / part).mkdir()
        (folder / part / "config.json").symlink_to(kit / f"{name}.json")
        (folder / part / "diffusion_pytorch_model.safetensors").symlink_to(
            kit / f"{name}.safetensors")
    width = json.loads((kit / "unet_2d_condition.json").read_text())["cross_attention_dim"]
    for n, name in enumerate(("none", "tumour", "stroma")):
        values = struct.pack(f"<{width}f", *(n * math.sin(i + n) for i in range(width)))
        write_safetensors(folder / f"{name}.safetensors", {"context": ("F32", [1, width], values)})


def forget_conditions(weights, labels, kept, fold):
    """Takes the last of a mask denoiser's conditions out of its file: all but `kept` of `labels`."""
    def without_last(tensor, channels):
        kind, (rows, before, *kernel), data = tensor
        row = len(data) // rows
        left = row * (before - channels) // before
        return (kind, [rows, before - channels, *kernel],
                b"".join(data[r * row:r * row + left] for r in range(rows)))

    tensors = read_safetensors(weights)
    for name, tensor in tensors.items():
        if name == "input.weight":
            tensors[name] = without_last(tensor, (labels - kept) * fold ** 2)
        elif name.endswith(".label.weight"):
            tensors[name] = without_last(tensor, labels - kept)
    write_safetensors(weights, tensors)


def copy_model(model, folder):
    """Without what lies above nests: the program before paints labels at one scale, as ours then."""
    shutil.copytree(model, folder)
    spec = json.loads((folder / "model.json").read_text())
    spec.pop("section", None)
    for network in (spec["autoencoder"], spec["denoiser"], spec["mask_denoiser"]):
        for key in ("sha256", "autoencoder_sha256"):
            network.pop(key, None)  # the program before keeps none
    if spec["mask"].pop("coarser", None):
        network, kept = spec["mask_denoiser"], len(spec["prompts"]) + 2
        weights = folder / network["weights"]
        forget_conditions(weights, network["config"]["labels"], kept, network["config"]["fold"])
        network["config"]["labels"] = kept
    (folder / "model.json").write_text(json.dumps(spec, indent=1))


def make_inputs(program, folder, model, kit, data):
    """All of it, in a folder that is made."""
    folder.mkdir()
    copy_model(model, folder / "model")
    if data:
        (folder / "data").symlink_to(data)
    write_masks(folder)
    write_pictures(program, folder)
    write_slides(program, folder)
    write_small_model(program, folder)
    write_published(folder, kit)
