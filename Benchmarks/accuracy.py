#!/usr/bin/env python3
"""Prints how well hair is measured, beside what else a user would reach for, measured in the same run.

    Benchmarks/accuracy.py --fdu FOLDER --synthetic FOLDER [--out FOLDER] [--against OLD/pictures.csv]

Makes a virtual environment with the peers' packages (`.build/accuracy-venv`) on its first run. Writes
into OUT: `table.md`, `pictures.csv` (a row a picture and reader), `disagreements.csv` (the worst 30
pictures' missed and false hairs as coordinates) and the plots. No part of a picture is written.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".build/accuracy-venv"


def enter_environment():
    """Goes on in the environment that has the peers, making it when it is not there."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    python = VENV / "bin/python"
    stamp = VENV / "requirements.txt"
    wanted = (Path(__file__).parent / "requirements-peers.txt").read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        requirements = str(Path(__file__).parent / "requirements-peers.txt")
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", requirements], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    os.execv(str(python), [str(python), *sys.argv])


if __name__ == "__main__":
    enter_environment()

import peer_readers  # noqa: E402
import plots  # noqa: E402
from hair_matching import match_field, nearest_points, resample  # noqa: E402
from score_hairs import measure, score_picture, summarise  # noqa: E402
from truth_sets import Measurement, load_fdu, load_synthetic, read_measurements  # noqa: E402

OURS = "anagen"
# No other true shaft within this distance of one that stands alone, as where figures are fitted.
ISOLATION_UM = 130.0
# What is to be reached, and what lies beyond it.
TARGETS = {
    "F1": (.91, .93), "count error per field": (.11, .09), "count error per 4 fields": (.05, .035),
    "bias": (.01, None), "recall single": (.98, .99), "recall grouped": (.91, .93),
    "recall thin": (.75, .80), "stub_black F1": (.95, .98), "stub_black count error": (.03, .01),
    "stub_blond F1": (.90, .95), "stub_darkskin F1": (.90, .95), "stub_glare F1": (.90, .95),
    "rough_skin F1": (.90, .95), "long_cross F1": (.85, .93), "isolated diameter bias": (.5, .3),
    "isolated diameter MAE": (1.5, 1.0), "all diameters MAE": (3.0, 2.0),
}


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    figures, rows = {}, []
    for name, load in (("fdu", load_fdu), ("synthetic", load_synthetic)):
        folder = getattr(options, name)
        if folder is None:
            continue
        pictures = load(folder)
        if name == "fdu":
            pictures = [picture for picture in pictures if picture.half == "report"]
        pictures = pictures[: options.limit]
        readers = detections_of(pictures, options)
        for reader, found in readers.items():
            part = []
            for picture in pictures:
                if picture.path.name in found:
                    row = score_picture(picture, found[picture.path.name])
                    part.append(row | {"reader": reader, "set": name})
            rows += part
            figures.setdefault(reader, {}).update(
                (fdu_figures if name == "fdu" else synthetic_figures)(part)
            )
        ours = readers[OURS]
        if name == "synthetic":
            errors = diameter_errors(pictures, ours)
            figures[OURS].update(diameter_figures(errors))
            plots.diameter_errors(errors, options.out / "diameters.png")
        else:
            write_disagreements(pictures, ours, options.out / "disagreements.csv")
        own_rows = [row for row in rows if row["set"] == name and row["reader"] == OURS]
        plots.bland_altman(own_rows, options.out / f"counts-{name}.png")
        plots.precision_recall(confidence_sweep(pictures, ours), options.out / f"curve-{name}.png")
    table = as_table(figures)
    print(table)
    (options.out / "table.md").write_text(table + "\n", encoding="utf-8")
    write_rows(rows, options.out / "pictures.csv")
    if options.against:
        print_changes(rows, options.against)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fdu", type=Path, help="the photographs' folder")
    parser.add_argument("--synthetic", type=Path, help="the rendered scenes' folder")
    parser.add_argument("--out", type=Path, default=ROOT / ".build/accuracy")
    parser.add_argument("--command", default=str(ROOT / ".build/release/anagen"))
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--limit", type=int, help="the first N pictures of each set only")
    parser.add_argument("--peer-step", type=int, default=4,
                        help="peers read every Nth photograph (Frangi takes a second a megapixel)")
    parser.add_argument("--against", type=Path, help="pictures.csv of an earlier run to compare with")
    options = parser.parse_args()
    if options.fdu is None and options.synthetic is None:
        parser.error("give --fdu, --synthetic or both")
    return options


def detections_of(pictures, options):
    """What each reader finds, by file name."""
    found = {OURS: read_measurements(measure(pictures, options.command, options.jobs))}
    step = options.peer_step if pictures and pictures[0].family == "all" else 1
    for name in peer_readers.PEERS:
        found[name] = {
            picture.path.name: Measurement(
                peer_readers.read(picture.path, picture.um_per_px, name), picture.size, True
            )
            for picture in pictures[::step]
        }
    return found


def fdu_figures(rows):
    summary = summarise(rows)
    recall = summary["recallByClass"]
    return {
        "F1": summary["f1"],
        "count error per field": summary["maePerFieldRelative"],
        "count error per 4 fields": summary["maePerGroupRelative"],
        "bias": summary["countBiasRelative"],
        "recall single": recall.get("single"),
        "recall grouped": recall.get("premium"),
        "recall thin": recall.get("undersize"),
    }


def synthetic_figures(rows):
    figures = {}
    for family in sorted({row["family"] for row in rows}):
        summary = summarise([row for row in rows if row["family"] == family])
        figures[f"{family} F1"] = summary["f1"]
        figures[f"{family} count error"] = summary["countBiasRelative"]
    return figures


def diameter_errors(pictures, measurements):
    """(family, true diameter, error, stands alone) of every matched hair."""
    errors = []
    for picture in pictures:
        measurement = measurements.get(picture.path.name)
        if measurement is None:
            continue
        field = match_field(
            picture.hairs, measurement.detections, picture.size, picture.tolerance, picture.border
        )
        for match in field.matches:
            hair, found = picture.hairs[match.truth], measurement.detections[match.detection]
            if found.diameter_um is not None:
                errors.append((picture.family, hair.diameter_um, found.diameter_um - hair.diameter_um,
                               stands_alone(picture, match.truth)))
    return errors


def stands_alone(picture, index):
    points = resample(picture.hairs[index].line)
    reach = ISOLATION_UM / picture.um_per_px
    return all(
        nearest_points(points, other.line)[1].min() >= reach
        for position, other in enumerate(picture.hairs)
        if position != index
    )


def diameter_figures(errors):
    alone = [error for _, _, error, isolated in errors if isolated]
    every = [error for _, _, error, _ in errors]
    if not alone:
        return {}
    return {
        "isolated diameter bias": sum(alone) / len(alone),
        "isolated diameter MAE": sum(map(abs, alone)) / len(alone),
        "all diameters MAE": sum(map(abs, every)) / len(every),
    }


def confidence_sweep(pictures, measurements):
    """(recall, precision) when only hairs from a confidence on are kept."""
    points = []
    for step in range(0, 20):
        least = step / 20
        matched = false = truth = 0
        for picture in pictures:
            measurement = measurements.get(picture.path.name)
            if measurement is None:
                continue
            kept = [hair for hair in measurement.detections if hair.confidence >= least]
            field = match_field(picture.hairs, kept, picture.size, picture.tolerance, picture.border)
            matched += len(field.matches)
            false += len(field.false)
            truth += sum(hair.scored for hair in picture.hairs)
        if matched:
            points.append((matched / truth, matched / (matched + false)))
    return points


def write_disagreements(pictures, measurements, path, worst=30):
    """Missed and false hairs of the pictures where truth and measurement differ most."""
    fields = []
    for picture in pictures:
        measurement = measurements.get(picture.path.name)
        found = measurement.detections if measurement else []
        field = match_field(picture.hairs, found, picture.size, picture.tolerance, picture.border)
        fields.append((len(field.missed) + len(field.false), picture, field, found))
    fields.sort(key=lambda entry: (-entry[0], entry[1].path.name))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "what", "class", "confidence", "x1", "y1", "x2", "y2"])
        for _, picture, field, found in fields[:worst]:
            for index in field.missed:
                hair = picture.hairs[index]
                writer.writerow([picture.path.name, "missed", hair.kind, "", *ends(hair.line)])
            for index in field.false:
                hair = found[index]
                writer.writerow([picture.path.name, "false", "", f"{hair.confidence:.2f}", *ends(hair.line)])


def ends(line):
    return [f"{value:.0f}" for value in (*line[0], *line[-1])]


def as_table(figures):
    readers = sorted(figures, key=lambda name: name != OURS)
    names = list(dict.fromkeys(name for reader in readers for name in figures[reader]))
    lines = ["| figure | " + " | ".join(readers) + " | to reach | beyond |",
             "|---" * (len(readers) + 3) + "|"]
    for name in names:
        cells = [shown(name, figures[reader].get(name)) for reader in readers]
        reach, beyond = TARGETS.get(name, (None, None))
        lines.append(f"| {name} | " + " | ".join([*cells, shown(name, reach), shown(name, beyond)]) + " |")
    return "\n".join(lines)


def shown(name, value):
    if value is None:
        return "–"
    if "diameter" in name:
        return f"{value:+.1f} µm" if "bias" in name else f"{value:.1f} µm"
    if "error" in name or "bias" in name:
        return f"{value:+.1%}" if "4 fields" not in name and "field" not in name else f"{value:.1%}"
    return f"{value:.3f}"


KEPT = ["set", "reader", "file", "half", "family", "truth", "matched", "missed", "false", "ignored"]


def write_rows(rows, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, KEPT, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def print_changes(rows, path):
    """Pictures that anagen reads better or worse than in an earlier run."""
    with open(path, newline="", encoding="utf-8") as file:
        before = {(r["set"], r["file"]): r for r in csv.DictReader(file) if r["reader"] == OURS}
    changes = []
    for row in rows:
        old = before.get((row["set"], row["file"]))
        if row["reader"] == OURS and old:
            change = row["missed"] + row["false"] - int(old["missed"]) - int(old["false"])
            if change:
                changes.append((change, row["set"], row["file"]))
    changes.sort()
    better = sum(change < 0 for change, _, _ in changes)
    print(f"\n{better} pictures better, {len(changes) - better} worse than in {path}")
    for change, name, file in changes[:10] + changes[-10:]:
        print(f"  {change:+d} missed or false  {name} {file}")


if __name__ == "__main__":
    main()
