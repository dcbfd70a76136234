#!/usr/bin/env python3
"""Fits the tables that tell hair from skin and root from tip, and writes them as Swift.

Candidates come from `hair-candidates` (a JSON line a picture), truth from the sets that
`Benchmarks/` scores. Two passes: the first table judges a line by itself, the second also by what
the first made of its neighbours. Only subjects of the half `tune` of the photographs are fitted on, and of the
rendered scenes those named with --tune-scenes; the rest is reported. See README.md.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

from hair_matching import DetectedHair, TrueHair, match_field, near_border  # noqa: E402
from truth_sets import BORDER_UM, LEAST_VISIBLE, TOLERANCE_UM, Picture, half_of  # noqa: E402
from truth_sets import load_fdu, load_synthetic  # noqa: E402

MEASUREMENT = ROOT / "Plugins/HairAnalysis/Sources/Measurement"


class Field:
    """One picture: its candidates, what each is, and what was missed."""

    def __init__(self, picture, document):
        lines = [np.array(c["centreline"], float) for c in document["candidates"]]
        self.picture = picture
        self.image = document["image"]
        self.features = np.array([c["features"] for c in document["candidates"]], float)
        self.cues = np.array([c["polarityCues"] for c in document["candidates"]], float)
        self.lines = lines
        detections = [DetectedHair(line) for line in lines]
        self.result = match_field(
            picture.hairs, detections, picture.size, picture.tolerance, picture.border
        )
        self.label = np.full(len(lines), -1)
        for index in self.result.false:
            self.label[index] = 0
        for match in self.result.matches:
            self.label[match.detection] = 1
        # Near the border false lines are not scored; were true ones kept, "near the border" would
        # itself look like a sign of hair.
        self.usable = self.label >= 0
        for index, line in enumerate(lines):
            if near_border(line, picture.size, picture.border):
                self.usable[index] = False

    @property
    def truth_count(self):
        return sum(hair.scored for hair in self.picture.hairs)


def load_phantoms(folder):
    """Rendered by the Phantom plugin: NAME.json with the truth of NAME.EXT."""
    pictures = []
    for path in sorted(Path(folder).glob("*.json")):
        scene = json.loads(path.read_text(encoding="utf-8"))
        scale = scene["micrometresPerPixel"]
        hairs = [
            TrueHair(
                np.array(hair["centreline"], float), "vellus" if hair["vellus"] else "terminal",
                hair["rootInside"] and hair["visible"] >= LEAST_VISIBLE,
                hair["diameterMicrometres"],
            )
            for hair in scene["hairs"]
        ]
        pictures.append(
            Picture(
                path, scale, (scene["width"], scene["height"]), hairs, TOLERANCE_UM / scale,
                BORDER_UM / scale, path.stem, "phantom", half_of(path.stem),
            )
        )
    return pictures


def read_fields(pictures, path):
    documents = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            document = json.loads(line)
            documents[Path(document["image"]).stem] = document
    return [
        Field(picture, documents[picture.path.stem])
        for picture in pictures
        if picture.path.stem in documents
    ]


def fit_classifier(fields, weights):
    features = np.vstack([f.features[f.usable] for f in fields if len(f.features)])
    labels = np.concatenate([f.label[f.usable] for f in fields if len(f.features)])
    each = np.concatenate(
        [np.full(f.usable.sum(), w) for f, w in zip(fields, weights) if len(f.features)]
    )
    model = HistGradientBoostingClassifier(
        max_depth=4, max_iter=160, learning_rate=0.05, l2_regularization=2.0,
        min_samples_leaf=25, max_features=0.5, random_state=7,
    )
    return model.fit(features, labels, sample_weight=each)


def confidence(model, field):
    return model.predict_proba(field.features)[:, 1] if len(field.features) else np.zeros(0)


def counts(fields, scores, threshold):
    rows = []
    for field, score in zip(fields, scores):
        kept = score >= threshold
        found = sum(kept[m.detection] for m in field.result.matches)
        false = int(kept[field.result.false].sum()) if field.result.false else 0
        rows.append((field.truth_count, int(found), false))
    return np.array(rows, float)


def describe(name, fields, scores, threshold):
    truth, found, false = counts(fields, scores, threshold).T
    precision, recall = found.sum() / max(1, (found + false).sum()), found.sum() / truth.sum()
    error = found + false - truth
    groups = {}
    for field, difference, count in zip(fields, error, truth):
        total = groups.setdefault(field.picture.group, [0.0, 0.0])
        total[0] += difference
        total[1] += count
    grouped = np.array(list(groups.values()))
    print(
        f"{name:24s} threshold {threshold:.2f} P {precision:.3f} R {recall:.3f} "
        f"F1 {2 * precision * recall / max(1e-9, precision + recall):.3f} "
        f"bias {error.sum() / truth.sum():+.1%} MAE/field {abs(error).mean():.2f} "
        f"({abs(error).sum() / truth.sum():.1%}) "
        f"groups {abs(grouped[:, 0]).sum() / grouped[:, 1].sum():.1%}"
    )


def balanced_threshold(fields, scores):
    """Where as many lines are false as hairs are missed."""
    grid = np.arange(0.2, 0.8, 0.005)
    biases = []
    for threshold in grid:
        truth, found, false = counts(fields, scores, threshold).T
        biases.append(abs((found + false - truth).sum()))
    return float(grid[int(np.argmin(biases))])


def cross_validated(fields, weights, folds=4):
    """Scores of fields by models that have not seen their subjects."""
    scores = [None] * len(fields)
    for fold in range(folds):
        def in_fold(field):
            return sum(field.picture.group.split("/")[0].encode()) % folds == fold
        train = [i for i, f in enumerate(fields) if not in_fold(f)]
        model = fit_classifier([fields[i] for i in train], [weights[i] for i in train])
        for index, field in enumerate(fields):
            if in_fold(field):
                scores[index] = confidence(model, field)
    return scores


def ends_of(fields, scores=None, threshold=0.0):
    """The cues of the lines that are hairs and taken for hairs, and whether the first end is the root."""
    cues, first_is_root = [], []
    for index, field in enumerate(fields):
        for match in field.result.matches:
            if scores is not None and scores[index][match.detection] < threshold:
                continue  # the cues of doubtful ones are noise
            cues.append(field.cues[match.detection])
            first_is_root.append(match.root_agrees)
    return np.array(cues), np.array(first_is_root, int)


def fit_polarity(fields, weights, scores, threshold):
    parts = [ends_of([f], [s], threshold) for f, s in zip(fields, scores)]
    kept = [(c, a, np.full(len(a), w)) for (c, a), w in zip(parts, weights) if len(a)]
    cues, answers, each = (np.concatenate(column) for column in zip(*kept))
    # A line and its reverse are one and the same: cues change sign with the answer.
    model = HistGradientBoostingClassifier(
        max_depth=4, max_iter=160, learning_rate=0.06, l2_regularization=2.0,
        min_samples_leaf=25, random_state=7,
    )
    return model.fit(
        np.vstack([cues, -cues]), np.concatenate([answers, 1 - answers]),
        sample_weight=np.concatenate([each, each]),
    )


def polarity_share(fields, model):
    cues, answers = ends_of(fields)
    evidence = model.decision_function(cues) - model.decision_function(-cues)
    return float(((evidence > 0) == answers).mean())


def flatten(model):
    """The trees as arrays: each node's low branch follows it."""
    feature, high, value, roots = [], [], [], []

    def visit(nodes, index):
        node = nodes[index]
        here = len(feature)
        if node["is_leaf"]:
            feature.append(-1), high.append(0), value.append(float(node["value"]))
            return
        feature.append(int(node["feature_idx"]))
        high.append(0)
        value.append(float(node["num_threshold"]))
        visit(nodes, node["left"])
        high[here] = len(feature)
        visit(nodes, node["right"])

    for predictors in model._predictors:
        roots.append(len(feature))
        visit(predictors[0].nodes, 0)
    return feature, high, value, roots, float(np.ravel(model._baseline_prediction)[0])


def swift_array(values, form):
    lines, line = [], "   "
    for value in values:
        text = f" {form(value)},"
        if len(line) + len(text) > 100:
            lines.append(line)
            line = "   "
        line += text
    return "\n".join(lines + [line])


def write_table(name, model, constants, origin):
    feature, high, value, roots, baseline = flatten(model)
    (MEASUREMENT / f"{name}.swift").write_text(
        f"""/// ``DecisionTrees``, made by `Tools/HairTraining/train.py`; not edited by hand.
///
/// Origin: {origin}
enum {name} {{
{constants}  static let baseline: Float = {baseline:.6f}
  static let roots: [Int16] = [
{swift_array(roots, str)}
  ]
  static let feature: [Int8] = [
{swift_array(feature, str)}
  ]
  static let high: [Int16] = [
{swift_array(high, str)}
  ]
  static let value: [Float] = [
{swift_array(value, lambda v: f"{v:.5g}")}
  ]
}}
""",
        encoding="utf-8",
    )


def write_confidences(path, fields, scores):
    """What the first table makes of each candidate, for `hair-candidates --confidences`."""
    with open(path, "w", encoding="utf-8") as file:
        for field, score in zip(fields, scores):
            line = {"image": field.image, "confidences": [round(float(p), 6) for p in score]}
            file.write(json.dumps(line) + "\n")


class Material:
    """What is fitted on and what is only reported."""

    def __init__(self, photographs, scenes, options):
        def is_tuned(field):
            return re.search(options.tune_scenes, field.picture.path.stem) is not None

        self.tuned = [f for f in photographs if f.picture.half == "tune"]
        self.reported = [f for f in photographs if f.picture.half == "report"]
        self.tuned_scenes = [f for f in scenes if is_tuned(f)]
        self.other_scenes = [f for f in scenes if not is_tuned(f)]
        self.fitted = self.tuned + self.tuned_scenes
        self.weights = [1.0] * len(self.tuned)
        self.weights += [options.scene_weight] * len(self.tuned_scenes)

    @property
    def origin(self):
        subjects = len({f.picture.group.split("/")[0] for f in self.tuned})
        return (
            f"coefficients fitted on {len(self.tuned)} photographs of {subjects} subjects of the FDU hair\n"
            "/// follicle data set (Huashan Hospital, Fudan University; VPDet, IET Image Processing 2024, doi\n"
            "/// 10.1049/ipr2.13162), half `tune` of `Benchmarks/`, and on "
            f"{len(self.tuned_scenes)} rendered scenes. No\n/// part of a picture is held here."
        )


def fit(material):
    """A model, where its errors balance, and the scores of what it was fitted on by models that have
    not seen the subject; prints how well it does."""
    tuned = material.tuned
    scores = cross_validated(material.fitted, material.weights)
    threshold = balanced_threshold(tuned, scores[: len(tuned)])
    model = fit_classifier(material.fitted, material.weights)
    describe("tune (cross-validated)", tuned, scores[: len(tuned)], threshold)
    reported = material.reported
    describe("report, every line", reported, [np.ones(len(f.lines)) for f in reported], 0.5)
    describe("report", reported, [confidence(model, f) for f in reported], threshold)
    others = material.other_scenes
    for name in sorted({re.sub(r"_\d+$", "", f.picture.path.stem) for f in others}):
        part = [f for f in others if re.sub(r"_\d+$", "", f.picture.path.stem) == name]
        describe(name, part, [confidence(model, f) for f in part], threshold)
    return model, threshold, scores


def first_pass(material, options):
    model, _, scores = fit(material)
    rest = material.reported + material.other_scenes
    write_confidences(
        options.confidences, material.fitted + rest, scores + [confidence(model, f) for f in rest]
    )
    if options.write:
        write_table("FirstClassifierTable", model, "", material.origin)


def second_pass(material, options):
    model, threshold, scores = fit(material)
    polarity = fit_polarity(material.fitted, material.weights, scores, threshold)
    print(f"polarity of one hair: tune {polarity_share(material.tuned, polarity):.3f} "
          f"report {polarity_share(material.reported, polarity):.3f} "
          f"other scenes {polarity_share(material.other_scenes, polarity):.3f}")
    if options.write:
        constants = (
            f'  static let version = "{options.version}"\n'
            f"  static let balancedConfidence = {threshold:.3f}\n"
        )
        write_table("SecondClassifierTable", model, constants, material.origin)
        write_table("PolarityTable", polarity, "", material.origin)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fdu", required=True)
    parser.add_argument("--fdu-candidates", required=True)
    parser.add_argument("--synthetic", required=True)
    parser.add_argument("--synthetic-candidates", required=True)
    parser.add_argument("--phantoms", required=True)
    parser.add_argument("--phantom-candidates", required=True)
    parser.add_argument("--tune-scenes", default=r"(stub|rough)_.*_100$|_[123]$")
    parser.add_argument("--scene-weight", type=float, default=0.5)
    parser.add_argument("--confidences", help="first pass: where each line's confidence is written")
    parser.add_argument("--version", help="second pass: the tables' version")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if (options.confidences is None) == (options.version is None):
        parser.error("give --confidences for the first pass, --version for the second")

    photographs = read_fields(load_fdu(options.fdu), options.fdu_candidates)
    scenes = read_fields(
        load_synthetic(options.synthetic), options.synthetic_candidates
    ) + read_fields(load_phantoms(options.phantoms), options.phantom_candidates)
    material = Material(photographs, scenes, options)
    if options.version is None:
        first_pass(material, options)
    else:
        second_pass(material, options)


if __name__ == "__main__":
    main()
