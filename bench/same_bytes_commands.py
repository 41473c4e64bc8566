"""The commands that same_bytes runs with both programs.

A command is a few calls of the program in one folder, which is empty but for `copies` of inputs.
"""
import collections
import json
import signal

from same_bytes_inputs import HEIGHT, WIDTH

IN = "../inputs/"
MODEL = ["--model", IN + "model"]
MASKED = ["--size", f"{WIDTH}x{HEIGHT}"]
DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130

# The words after the program; the exit code that is wanted; and where the call is to be stopped,
# the signal and what is true of its folder then.
Call = collections.namedtuple("Call", "words code stop when", defaults=(DONE, None, None))
# `reads` are names of inputs that --data has to give.
Command = collections.namedtuple("Command", "name calls copies reads", defaults=((), ()))


def call(text, *more, code=DONE, stop=None, when=None):
    """A call as a line of words, where IN stands for the inputs."""
    return Call([word.replace("IN/", IN) for word in text.split()] + list(more), code, stop, when)


def generate(text, *more, **how):
    return call("generate " + text, *MODEL, *more, **how)


def mask(text):
    return call("mask " + text, *MODEL)


def refused(text, *more):
    return call(text, *more, code=REFUSED)


def committed(key, least):
    """True once so many steps are in state.json of the work directory."""
    def there(folder):
        try:
            return json.loads((folder / "s.svs.work/state.json").read_text())[key] >= least
        except FileNotFoundError:
            return False
    return there


def has_checkpoint(folder):
    return (folder / "s.svs.work/slide.checkpoint").exists()


def stopped(name, text, when, how=signal.SIGKILL):
    """A job that is stopped on its way and resumed."""
    code = INTERRUPTED if how == signal.SIGINT else 128 + how
    return Command(name, [generate(f"-o s.svs {text}", code=code, stop=how, when=when),
                          generate(f"-o s.svs {text} --resume --report r.json")])


ENDINGS = {"generic": ".tif", "svs": ".svs", "ome": ".ome.tif"}
COMPRESSIONS = ("jpeg", "deflate", "lzw", "none")


def profiles():
    """A job that is done and kept is written again: latents are painted once."""
    job = "--size 300x259 --layout full --seed 4 --steps 2 --work w"
    return Command("generate_profiles", [generate(f"-o s.svs {job}")] + [
        generate(f"-o {profile}_{compression}{ENDINGS[profile]} {job} --compression {compression}")
        for profile, compression in (("generic", "lzw"), ("svs", "none"), ("ome", "deflate"))])


LAYOUTS = [
    Command("generate_tissue", [generate(
        "-o s.svs --size 512x476 --seed 7 --steps 3 --mask-out m.tif --annotations a.geojson "
        "--thumbnail t.png --report r.json")]),
    Command("generate_biopsy", [generate(
        "-o s.ome.tif --size 471x599 --seed 8 --steps 2 --layout biopsy --annotations a.xml "
        "--mask-out m.tif --report r.json")]),
    Command("generate_tma", [generate(
        "-o s.tif --size 640x640 --seed 9 --steps 2 --layout tma --pieces 3 --tissue-fraction 0.3 "
        "--quality 95 --tile 128 --report r.json --annotations a.geojson --simplify 2")]),
    Command("generate_full", [generate(
        "-o s.tif --size 400x350 --layout full --seed 10 --prompt squamous --compression lzw "
        "--date 2026-01-31 --mask-out m.tif --report r.json")]),
    Command("generate_outline", [generate(
        "-o s.svs --seed 11 --steps 2 --layout IN/outline.png --annotations a.geojson "
        "--mask-out m.tif --report r.json", *MASKED)]),
    # The bundle that belongs to the program.
    Command("generate_own_model", [call(
        "generate -o s.svs --size 256x256 --seed 12 --layout full --steps 1 --report r.json")]),
    profiles(),
]

MASKS = [
    Command(f"generate_{name}", [generate(
        f"-o s.svs --seed 13 --steps 2 --mask-out m.tif --annotations a.geojson {text}", *MASKED)])
    for name, text in (
        ("mask_tif", "--mask IN/labels_4.tif"),
        ("mask_indices", "--mask IN/indices.png"),
        ("mask_geojson", "--mask IN/annotations.geojson"),
        ("mask_colours", "--mask IN/coloured.png --mask-colors IN/colours.json"),
        ("keep_unknown", "--mask IN/labels.tif --keep-unknown"))
]

SAMPLING = [
    Command(f"generate_{name}", [generate(
        f"-o s.tif --mask IN/labels_4.tif --seed 14 --report r.json {text}", *MASKED)])
    for name, text in (
        ("ddim", "--sampler ddim --eta 0 --spacing time --steps 4"),
        ("ddim_eta", "--sampler ddim --eta 1 --spacing log_snr --steps 4"),
        ("dpm_eta", "--sampler dpm++ --eta 0.5 --spacing time --steps 4 --guidance 2"),
        ("guidance", "--guidance 3 --guidance-interval 0.2,0.7 --steps 5"),
        ("random", "--plan random --guidance 0 --steps 4"),
        ("float32", "--dtype float32 --steps 3"),
        # Slow on a CPU that has none of it.
        ("bfloat16", "--dtype bfloat16 --steps 1"))
] + [
    Command("generate_threads", [
        generate(f"-o {n}.tif --size 1536x256 --tissue-fraction 0.6 --seed 15 --steps 2 "
                 f"--threads {n} --memory {memory}") for n, memory in ((1, "32MiB"), (3, "1GiB"))]),
    Command("dry_run", [generate("-o s.svs --size 3000x2000 --seed 16 --dry-run"),
                        generate("-o s.svs --inpaint IN/slide.svs --region 100,80,140,120 "
                                 "--dry-run")]),
]

LABELS = [
    Command("mask_layouts", [mask(
        f"-o {layout}.tif --size 1203x1001 --seed 17 --layout {layout} --report {layout}.json "
        f"--annotations {layout}.geojson") for layout in ("tissue", "biopsy", "tma", "full")]),
    Command("mask_converts", [mask(
        f"-o {name}.tif --size {WIDTH}x{HEIGHT} --mask IN/{name} --report {name}.json "
        f"--annotations {name}.xml") for name in ("annotations.geojson", "indices.png")]),
]

INPAINTING = [
    Command("inpaint_jpeg", [generate(
        "-o s.svs --inpaint IN/slide.svs --region 100,80,140,120 --seed 18 --steps 4 "
        "--report r.json")]),
    Command("inpaint_polygons", [generate(
        "-o s.tif --inpaint IN/flat.tif --region-file IN/region.geojson --class necrosis --seed 19 "
        "--steps 3 --any-scale")]),
    Command("inpaint_mask", [generate(
        "-o s.tif --inpaint IN/flat.tif --region 260,120,159,130 --mask IN/labels_4.tif --seed 20 "
        "--steps 3 --eta 0.5")]),
]

PYRAMIDS = [
    Command("pyramid_profiles", [
        call(f"pyramid IN/picture.tif -o {profile}_{compression}{ending} --mpp 0.5 "
             f"--magnification 20 --compression {compression}")
        for profile, ending in ENDINGS.items() for compression in COMPRESSIONS]),
    Command("pyramid_png", [call("pyramid IN/picture.png -o s.tif --tile 64 --shrink 4 --levels 2 "
                                 "--date 2026-01-31 --quality 95 --chroma 420")]),
    Command("pyramid_jpg", [call("pyramid IN/picture.jpg -o s.svs --quality 50 --chroma 444")]),
    Command("pyramid_svs", [call("pyramid IN/slide.svs -o s.ome.tif --compression deflate"),
                            call("pyramid IN/slide.svs -o s.svs --tile 128"),
                            call("pyramid IN/slide.svs -o s.tif")]),
    Command("pyramid_labels", [call("pyramid IN/labels.tif -o s.tif --labels --tile 64")]),
    Command("verify", [call(f"verify IN/{name} --json") for name in ("slide.svs", "flat.tif")] + [
        call("verify IN/slide.svs"), call("verify IN/picture.tif --json", code=FAILED),
        refused("verify IN/damaged.tif --json")]),
]

STOPPED = [
    stopped("resume_painting", "--size 400x360 --steps 6 --seed 21 --layout full",
            committed("committed_steps", 2)),
    stopped("interrupt", "--size 400x360 --steps 6 --seed 22 --layout full",
            committed("committed_steps", 2), signal.SIGINT),
    stopped("resume_labels", "--size 1600x1600 --steps 1 --seed 5 --tissue-fraction 0.1",
            committed("mask_steps", 4)),
    stopped("resume_decoding", "--size 64x3072 --steps 1 --seed 2 --layout full", has_checkpoint),
    stopped("resume_inpainting",
            "--inpaint IN/slide.svs --region 100,80,140,120 --seed 23 --steps 6",
            committed("committed_steps", 2)),
]

MEASURED = "--patch 64 --patches 16 --directions 32 --replicates 10 --report r.json"

EVALUATION = [
    Command("evaluate", [call("evaluate --real IN/training --synthetic IN/slide.svs --seams "
                              f"192+64,128 {MEASURED}")]),
    Command("evaluate_model", [call(
        "evaluate --real IN/training/2.tif --held-out IN/training/3.tif --synthetic IN/slide.svs "
        f"--seed 3 --classes carcinoma,other {MEASURED}", *MODEL)]),
]


def train(network, text):
    """On one thread: where cores are shared, two wait for each other longer than they work."""
    replace = "" if "--resume" in text else "--force "  # the bundles hold weights already
    return call(
        f"train {network} --checkpoint c.ckpt --steps 20 --batch 4 --threads 1 {replace}{text}")


TRAINING = [
    Command("train_autoencoder", [train(
        "autoencoder", "--model small --images IN/training --augment 0.5 "
        "--held-out-every 2 --checkpoint-every 10")], ("small",)),
    Command("train_decoder", [train(
        "autoencoder", "--model small --images IN/training --decoder-only")], ("small",)),
    Command("train_denoiser", [train(
        "denoiser", "--model small --images IN/training --turns 2 --latents latents "
        "--held-out-every 2 --checkpoint-every 10 --seed 1")], ("small",)),
    Command("train_slides", [train(
        "denoiser", "--model small --slides IN/slide.svs:IN/annotations.geojson "
        "--optimizer adamw --augment 0.5")], ("small",)),
    Command("train_mask", [train(
        "mask", "--model model --images IN/training:squamous --images IN/masks "
        "--checkpoint-every 10 --seed 2")], ("model",)),
    Command("train_resumed", [train("mask", "--model small --images IN/masks --stop-after 10"),
                              train("mask", "--model small --images IN/masks --resume")],
            ("small",)),
]

IMPORTS = [
    Command("import_diffinfinite", [
        call("import diffinfinite --denoiser IN/model-10.pt --mask-denoiser "
             "IN/diffinfinite_mask_unet.safetensors --autoencoder IN/vae --patch 32 -o bundle"),
        call("generate -o s.svs --model bundle --size 300x259 --layout full --steps 2 --seed 24")]),
    Command("import_diffusers", [
        call("import diffusers --unet IN/unet --vae IN/vq --context none=IN/none.safetensors "
             "--context tumour=IN/tumour.safetensors --context stroma=IN/stroma.safetensors "
             "--patch 32 -o bundle"),
        call("generate -o s.svs --model bundle --size 300x259 --layout full --steps 2 --seed 25")]),
]

REFUSALS = [
    Command("refusals", [
        refused("generate -o s.svs --size 63x64"),
        refused("generate -o s.jpg"),
        refused("generate -o nowhere/s.svs"),
        refused("generate -o s.svs --model nowhere"),
        refused("generate -o s.svs --mask IN/missing.png"),
        refused("generate -o s.svs --mask IN/labels_4.tif --size 600x500"),
        refused("generate -o s.svs --mask IN/damaged.tif --size 300x259"),
        refused("generate -o s.svs --steps 0"),
        refused("generate -o s.svs --memory 1KiB"),
        refused("generate -o s.svs --resume"),
        refused("generate -o s.svs --inpaint IN/slide.svs --region 300,200,256,256"),
        refused("generate -o s.svs --inpaint IN/slide.svs --region 0,0,64,64 --size 64x64"),
        refused("generate"),
        refused("paint"),
        refused("mask -o m.png"),
        refused("pyramid IN/damaged.tif -o s.svs"),
        refused("evaluate --real IN/training --synthetic IN/missing"),
        refused("train mask --model small --images IN/masks:third --checkpoint c.ckpt"),
        refused("train autoencoder --model nowhere --images IN/training --checkpoint c.ckpt"),
        refused("import diffusers --unet u --vae v --context none -o bundle"),
    ], ("small",)),
]

SLIDE = "data/CMU-1-Small-Region.svs"
REAL = [
    Command("real_pyramid", [call(f"pyramid IN/{SLIDE} -o s.ome.tif")], reads=(SLIDE,)),
    Command("real_inpainting", [generate(
        f"-o s.svs --inpaint IN/{SLIDE} --region 600,900,256,256 --steps 3")], reads=(SLIDE,)),
    Command("real_training", [train(
        "mask", "--model small --images IN/data/labelled --images IN/data/masks_large:squamous")],
            ("small",), ("data/labelled", "data/masks_large")),
]

COMMANDS = [*LAYOUTS, *MASKS, *SAMPLING, *LABELS, *INPAINTING, *PYRAMIDS, *STOPPED, *EVALUATION,
            *TRAINING, *IMPORTS, *REFUSALS, *REAL]
