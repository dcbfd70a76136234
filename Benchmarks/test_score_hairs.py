"""The scorer's own tests: `python3 -m unittest` in this folder."""

import json
import unittest
from pathlib import Path

import numpy as np

from hair_matching import DetectedHair, TrueHair, compare, match_field
from score_hairs import score_picture, summarise
from truth_sets import Picture, half_of, read_measurements

SIZE = (1280, 1024)


def line(*points):
    return np.array(points, float)


def field(truth, found):
    return match_field(truth, [DetectedHair(f) for f in found], SIZE, 22, 28)


class Matching(unittest.TestCase):
    hair = TrueHair(line((300, 300), (400, 300)), "single")

    def test_a_hair_found_on_its_line_matches_whichever_end_is_called_root(self):
        for found, agrees in ((line((300, 300), (400, 300)), True), (line((400, 301), (300, 301)), False)):
            result = field([self.hair], [found])
            self.assertEqual([m.root_agrees for m in result.matches], [agrees])

    def test_the_rule_s_limits(self):
        cases = [
            ("36 % covered", line((300, 300), (317, 300)), True),
            ("20 % covered", line((250, 300), (296, 300)), False),
            ("21 px aside", line((300, 321), (400, 321)), True),
            ("23 px aside", line((300, 323), (400, 323)), False),
            ("25 degrees", line((305, 279), (395, 321)), True),
            ("a crossing at a right angle", line((350, 250), (350, 350)), False),
            ("a long hair that runs along it", line((100, 300), (900, 300)), True),
        ]
        for name, found, expected in cases:
            with self.subTest(name):
                self.assertEqual(compare(self.hair.line, found, 22) is not None, expected)

    def test_each_hair_is_found_once(self):
        result = field([self.hair], [self.hair.line, self.hair.line + [0, 5]])
        self.assertEqual((len(result.matches), result.false), (1, [1]))

    def test_the_nearer_of_two_neighbours_is_taken(self):
        neighbour = TrueHair(self.hair.line + [0, 18], "premium")
        result = field([self.hair, neighbour], [neighbour.line, self.hair.line])
        self.assertEqual({(m.truth, m.detection) for m in result.matches}, {(0, 1), (1, 0)})

    def test_detections_at_the_border_or_on_debris_are_ignored_when_unmatched(self):
        debris = TrueHair(line((600, 600), (700, 600)), "abnormal", scored=False)
        result = field(
            [self.hair, debris],
            [debris.line, line((5, 500), (90, 500)), line((800, 800), (900, 800)), self.hair.line],
        )
        self.assertEqual((result.ignored, result.false, result.missed), ([0, 1], [2], []))

    def test_a_hair_at_the_border_that_matches_counts(self):
        edge = TrueHair(line((10, 500), (100, 500)), "single")
        self.assertEqual(len(field([edge], [edge.line]).matches), 1)


class Figures(unittest.TestCase):
    def picture(self, hairs):
        return Picture(None, 2.78, SIZE, hairs, 22, 28, "A/V1", "all", "tune")

    def test_an_unmeasured_picture_misses_all_its_hairs(self):
        picture = self.picture([Matching.hair])
        picture.path = Path("a.jpg")
        summary = summarise([score_picture(picture, None)])
        self.assertEqual((summary["recall"], summary["unmeasured"]), (0, 1))

    def test_halves_split_by_subject_and_never_change(self):
        self.assertEqual([half_of(s) for s in ("A095", "A230", "A358", "A362")], ["tune", "tune", "tune", "report"])

    def test_only_counted_hairs_of_a_measurement_are_scored(self):
        hair = {"counted": True, "centreline": [[1, 2], [3, 4]], "diameter": {"value": 50}}
        document = {
            "schema": "anagen.hair-measurement/1.0",
            "image": {"file": "a.jpg", "width": 10, "height": 8},
            "hairs": [hair, hair | {"counted": False}, hair | {"diameter": None}],
            "quality": {"accepted": True},
            "summary": {},
        }
        found = read_measurements([json.dumps(document)])["a.jpg"]
        self.assertEqual([d.diameter_um for d in found.detections], [50, None])

    def test_confidences_come_with_the_hairs(self):
        hair = {"counted": True, "centreline": [[1, 2], [3, 4]], "diameter": None}
        document = {
            "schema": "anagen.hair-measurement/1.0",
            "image": {"file": "a.jpg", "width": 10, "height": 8},
            "hairs": [hair | {"confidence": 0.25}, hair],
            "quality": {"accepted": True},
            "summary": {},
        }
        found = read_measurements([json.dumps(document)])["a.jpg"]
        self.assertEqual([d.confidence for d in found.detections], [0.25, 1.0])

    def test_another_schema_is_refused(self):
        with self.assertRaisesRegex(ValueError, "line 1"):
            read_measurements(['{"schema": "anagen.hair-measurement/2.0"}'])


if __name__ == "__main__":
    unittest.main()
