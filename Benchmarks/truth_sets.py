"""The two truth sets as pictures with true hairs, and measurements as detected hairs."""

import csv
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hair_matching import DetectedHair, TrueHair

# The photographs' scale, between the burned-in bar's and circle's (1.2 % apart).
FDU_UM_PER_PX = 2.78
FDU_SIZE = (1280, 1024)
TOLERANCE_UM = 61.0  # 22 px at 2.78 um
BORDER_UM = 77.84  # 28 px at 2.78 um
LEAST_VISIBLE = 0.35


@dataclass
class Picture:
    """One field with its truth."""

    path: Path
    um_per_px: float
    size: tuple[int, int]
    hairs: list[TrueHair]
    tolerance: float
    border: float
    group: str  # the four fields of one subject and visit; of a rendered scene itself
    family: str  # what tables are broken down by
    half: str  # 'tune' or 'report'


@dataclass
class Measurement:
    """One line of `anagen measure --format json`."""

    detections: list[DetectedHair]
    size: tuple[int, int]
    accepted: bool
    summary: dict = field(default_factory=dict)


def half_of(subject):
    """'tune' when the first byte of the SHA-256 of the subject code is even, else 'report'."""
    return "tune" if hashlib.sha256(subject.encode()).digest()[0] % 2 == 0 else "report"


def load_fdu(folder):
    """Photographs with hand-drawn hairs: `manifest.csv` and `hairs.csv`."""
    folder = Path(folder)
    hairs = {}
    with open(folder / "hairs.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = np.array(
                [[float(row["root_x"]), float(row["root_y"])],
                 [float(row["tip_x"]), float(row["tip_y"])]]
            )
            kind = row["class"]
            hairs.setdefault(row["file"], []).append(TrueHair(line, kind, kind != "abnormal"))
    pictures = []
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = folder / row["file"]
            subject = row["subject"]
            pictures.append(
                Picture(
                    path, FDU_UM_PER_PX, FDU_SIZE, hairs.get(path.name, []),
                    TOLERANCE_UM / FDU_UM_PER_PX, BORDER_UM / FDU_UM_PER_PX,
                    f"{subject}/{row['visit']}", "all", half_of(subject),
                )
            )
    return pictures


def load_synthetic(folder):
    """Rendered scenes: one JSON beside each JPEG.

    A hair that is hidden or roots outside the picture is not scored: a detection on it is ignored.
    """
    pictures = []
    for path in sorted(Path(folder).glob("*.json")):
        scene = json.loads(path.read_text(encoding="utf-8"))
        size = (scene["width"], scene["height"])
        hairs = []
        for hair in scene["hairs"]:
            line = np.array(hair["path"], float)
            if len(line) < 2:
                continue
            inside = 0 <= line[0][0] < size[0] and 0 <= line[0][1] < size[1]
            scored = inside and hair["visible"] >= LEAST_VISIBLE
            kind = "vellus" if hair["vellus"] else "terminal"
            hairs.append(TrueHair(line, kind, scored, hair["diameter_um"]))
        scale = scene["um_per_px"]
        pictures.append(
            Picture(
                path.parent / scene["file"], scale, size, hairs, TOLERANCE_UM / scale,
                BORDER_UM / scale, path.stem, scene["family"], half_of(path.stem),
            )
        )
    return pictures


def read_measurements(lines):
    """Measurements by file name from JSON lines of `anagen.hair-measurement/1.x`."""
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        document = json.loads(line)
        schema = document.get("schema", "")
        if not schema.startswith("anagen.hair-measurement/1."):
            raise ValueError(f"line {number}: schema is {schema!r}; expected anagen.hair-measurement/1.x")
        detections = []
        for hair in document["hairs"]:
            if hair["counted"] and len(hair["centreline"]) >= 2:
                diameter = hair.get("diameter")
                detections.append(
                    DetectedHair(
                        np.array(hair["centreline"], float),
                        diameter["value"] if diameter else None,
                        hair.get("confidence", 1.0),
                    )
                )
        image = document["image"]
        found[image["file"]] = Measurement(
            detections, (image["width"], image["height"]), document["quality"]["accepted"],
            document["summary"],
        )
    return found


def truth_as_measurements(pictures, shift=0.0):
    """The truth itself, moved aside by `shift` pixels, as if it had been measured."""
    return {
        picture.path.name: Measurement(
            [
                DetectedHair(hair.line + sideways(hair.line) * shift, hair.diameter_um)
                for hair in picture.hairs
                if hair.scored
            ],
            picture.size, True,
        )
        for picture in pictures
    }


def sideways(line):
    """The unit vector across a line."""
    x, y = line[-1] - line[0]
    length = max(np.hypot(x, y), 1e-9)
    return np.array([-y, x]) / length
