#!/usr/bin/env bash
# OpenSlide 3.4.1 takes the reduced transparency mask of a generic TIFF for a level of the slide, and
# can't read it.
#
# TIFF 6.0 gives a mask NewSubfileType 4, and a reduced mask 5 (reduced 1 + mask 4). GDAL writes such
# directories for an internal mask with overviews. OpenSlide looks at the bit of reduced images alone:
# a picture with one reduced level and a mask has three levels, two of one size. Opening succeeds. Who
# reads the third gets an error that closes the slide for every later read.
#
# Seen on 2026-11-30 with openslide-tools and libopenslide0 3.4.1+dfsg-6+deb12u1 on Debian 12 (amd64),
# on a picture of 512 x 512 px in tiles of 128 px:
#
#   without masks:  levels 512 256
#   with masks:     levels 512 256 256; the last: "Sorry, can not handle image with
#                   PhotometricInterpretation=4"
#
# Exits with 0 if that is so still, else with 1. Needs Debian 12's apt and python3, and the libraries
# that libopenslide0 depends on (apt-get install libopenslide0); downloads 100 kB.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openslide=3.4.1+dfsg-6+deb12u1
apt-get -q download "openslide-tools=$openslide" "libopenslide0=$openslide" > apt.log 2>&1 ||
  { cat apt.log >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" root; done
export PATH=$PWD/root/usr/bin:$PATH
export LD_LIBRARY_PATH=$PWD/root/usr/lib/$(uname -m)-linux-gnu

python3 - <<'PYTHON'
"""Writes plain.tif and masked.tif: tiles of 128 x 128 px after TIFF 6.0, without compression."""
import struct

TILE = 128


def tags(side, subfile):
    bits, samples, photometric = ((1,), 1, 4) if subfile & 4 else ((8, 8, 8), 3, 2)
    return {254: (4, [subfile]), 256: (4, [side]), 257: (4, [side]), 258: (3, bits), 259: (3, [1]),
            262: (3, [photometric]), 277: (3, [samples]), 284: (3, [1]), 322: (4, [TILE]),
            323: (4, [TILE])}


def write(path, images):
    data = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for side, subfile in images:
        tile = b"\xff" * (TILE * TILE // 8) if subfile & 4 else bytes((200, 90, 150)) * TILE * TILE
        count = (side // TILE) ** 2
        entries = tags(side, subfile) | {324: (4, [len(data) + i * len(tile) for i in range(count)]),
                                         325: (4, [len(tile)] * count)}
        data += tile * count
        at = len(data)
        after = at + 2 + 12 * len(entries) + 4
        directory, values = struct.pack("<H", len(entries)), b""
        for tag, (kind, numbers) in sorted(entries.items()):
            value = struct.pack("<%d%s" % (len(numbers), "H" if kind == 3 else "I"), *numbers)
            if len(value) > 4:
                value, values = struct.pack("<I", after + len(values)), values + value
            directory += struct.pack("<HHI", tag, kind, len(numbers)) + value.ljust(4, b"\0")
        data += directory + b"\0\0\0\0" + values
        struct.pack_into("<I", data, link, at)
        link = after - 4
    open(path, "wb").write(data)


write("plain.tif", [(512, 0), (256, 1)])
write("masked.tif", [(512, 0), (512, 4), (256, 1), (256, 5)])
PYTHON

levels() {  # FILE
  openslide-show-properties "$1" | sed -n "s/^openslide.level\[[0-9]*\].width: '\(.*\)'/\1/p" |
    xargs
}

failed=0
expect() {  # WORDS PATTERN GOT
  echo "$1: ${3:-read}"
  # shellcheck disable=SC2053
  [[ $3 == $2 ]] || failed=1
}
expect "without masks, levels" "512 256" "$(levels plain.tif)"
expect "with masks, levels" "512 256 256" "$(levels masked.tif)"
expect "level 1 of it" "" "$(openslide-write-png masked.tif 0 0 1 256 256 level.png 2>&1)"
expect "level 2 of it" "*can not handle image with PhotometricInterpretation=4" \
  "$(openslide-write-png masked.tif 0 0 2 256 256 level.png 2>&1 || true)"
((failed == 0)) || echo "it has changed" >&2
exit "$failed"
