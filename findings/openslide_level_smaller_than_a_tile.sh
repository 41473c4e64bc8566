#!/usr/bin/env bash
# OpenSlide 3.4.1 with libtiff 4.5.0, as Debian 12 has them: a tiled TIFF, or a level of one, that is
# narrower or lower than one of its tiles comes out as other pixels, without an error.
#
# A tile at a border is padded to the tile's size, so the last level of most pyramids is smaller than
# a tile: 250 px in tiles of 256. OpenSlide reads tiles that aren't JPEG through libtiff's RGBA
# interface, into a raster of the tile's size. libtiff 4.5.0 warns on stderr that "Raster width of 256
# shall not be larger than image width of 250" and puts the rows elsewhere; of a level that is lower
# than a tile it says nothing. OpenSlide reports no error.
#
# Seen on 2026-11-30 with openslide-tools and libopenslide0 3.4.1+dfsg-6+deb12u1, libtiff6 and
# libtiff-tools 4.5.0-6+deb12u4 on Debian 12 (amd64), tiles of 256 x 256 px:
#
#   256 x 256 px, deflate:  100 % of the pixels are right
#   250 x 256 px, deflate:    0 % of the pixels are right
#   256 x 250 px, deflate:    0 % of the pixels are right
#   250 x 250 px, JPEG:     100 % of the pixels are right
#
# Of JPEG, which OpenSlide decodes by itself, a pixel is right within 12 levels, else to the bit.
#
# Exits with 0 if that is so still, else with 1. Needs Debian 12's apt and python3, and the libraries
# that libopenslide0 depends on (apt-get install libopenslide0); downloads 700 kB.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openslide=3.4.1+dfsg-6+deb12u1 tiff=4.5.0-6+deb12u4
apt-get -q download "openslide-tools=$openslide" "libopenslide0=$openslide" "libtiff6=$tiff" \
  "libtiff-tools=$tiff" > apt.log 2>&1 || { cat apt.log >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" root; done
export PATH=$PWD/root/usr/bin:$PATH
export LD_LIBRARY_PATH=$PWD/root/usr/lib/$(uname -m)-linux-gnu

cat > picture.py <<'PYTHON'
"""picture.py write WIDTH HEIGHT FILE.ppm, or compare WIDTH HEIGHT FILE.png TOLERANCE: % right."""
import struct
import sys
import zlib


def colour(x, y):
    return x * 255 // 256, y * 255 // 256, (x + y) * 255 // 512


def rows_of_png(path):
    data = open(path, "rb").read()
    at, head, packed = 8, None, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        head = body if kind == b"IHDR" else head
        packed += body if kind == b"IDAT" else b""
        at += size + 12
    columns, lines, depth, colours = struct.unpack(">IIBB", head[:10])
    bands = {2: 3, 6: 4}[colours]
    assert depth == 8
    raw, before = zlib.decompress(packed), bytes(columns * bands)
    for y in range(lines):
        start = y * (columns * bands + 1)
        rule, row = raw[start], bytearray(raw[start + 1:start + 1 + columns * bands])
        for i in range(len(row)):
            a = row[i - bands] if i >= bands else 0
            b, c = before[i], before[i - bands] if i >= bands else 0
            near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, near)[rule]) % 256
        before = row
        yield [tuple(row[x * bands:x * bands + bands]) for x in range(columns)]


command, width, height, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if command == "write":
    pixels = bytes(v for y in range(height) for x in range(width) for v in colour(x, y))
    open(path, "wb").write(b"P6\n%d %d\n255\n" % (width, height) + pixels)
else:
    right = 0
    for y, row in enumerate(rows_of_png(path)):
        for x, pixel in enumerate(row):
            wanted = colour(x, y) + (255,) * (len(pixel) - 3)
            right += max(abs(a - b) for a, b in zip(pixel, wanted)) <= int(sys.argv[5])
    print(100 * right // (width * height))
PYTHON

# What OpenSlide makes of a picture of some size in tiles of 256 x 256 px: the share of right pixels.
share_right() {  # WIDTH HEIGHT COMPRESSION TOLERANCE
  python3 picture.py write "$1" "$2" in.ppm
  ppm2tiff -c none in.ppm flat.tif
  tiffcp -t -w 256 -l 256 -c "$3" flat.tif tiled.tif
  openslide-write-png tiled.tif 0 0 0 "$1" "$2" out.png 2>> stderr.log
  python3 picture.py compare "$1" "$2" out.png "$4"
}

failed=0
expect() {  # WORDS LEAST MOST WIDTH HEIGHT COMPRESSION TOLERANCE
  local share
  share=$(share_right "${@:4}")
  printf '%-23s %3s %% of the pixels are right\n' "$1:" "$share"
  ((share >= $2 && share <= $3)) || failed=1
}
expect "256 x 256 px, deflate" 100 100 256 256 zip 0
expect "250 x 256 px, deflate" 0 5 250 256 zip 0
expect "256 x 250 px, deflate" 0 5 256 250 zip 0
expect "250 x 250 px, JPEG" 100 100 250 250 jpeg:r:95 12
grep -q "Raster width of 256 shall not be larger than image width of 250" stderr.log || failed=1
((failed == 0)) || echo "it has changed" >&2
exit "$failed"
