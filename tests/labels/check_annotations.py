"""Holds a GeoJSON of annotations against the cells it was made of; prints what is wrong.

check_annotations.py FILE.geojson CELLS.txt; CELLS: "WIDTH HEIGHT FACTOR" in pixels, then a row of
digits a row of cells, 5 for glass.
"""
import json
import sys

from shapely.geometry import Point, shape
from shapely.prepared import prep

NAMES = {"0": "unknown", "1": "carcinoma", "2": "necrosis", "3": "stroma", "4": "other", "5": None}

with open(sys.argv[2]) as file:
    width, height, factor = map(int, file.readline().split())
    rows = file.read().split()

polygons = []
for feature in json.load(open(sys.argv[1]))["features"]:
    polygon = shape(feature["geometry"])
    polygons.append((feature["properties"]["classification"]["name"], polygon, prep(polygon)))
    if not polygon.is_valid:
        print("not valid:", polygon.wkt)

for y, row in enumerate(rows):
    for x, digit in enumerate(row):
        x0, x1 = x * factor, min((x + 1) * factor, width)
        y0, y1 = y * factor, min((y + 1) * factor, height)
        middle = Point((x0 + x1) / 2, (y0 + y1) / 2)
        names = [name for name, _, prepared in polygons if prepared.contains(middle)]
        if names != ([NAMES[digit]] if NAMES[digit] else []):
            print("cell", x, y, "with id", digit, "is in", names)

for i, (_, polygon, prepared) in enumerate(polygons):
    for _, other, _ in polygons[:i]:
        if prepared.intersects(other) and polygon.intersection(other).area > 1e-6:
            print("overlap of", polygon.wkt, "and", other.wkt)
