"""Tests of the stage's own arithmetic: python3 -m unittest"""

import unittest

import numpy

import stage
from anagen_stage import Frame, StageError


class FakeRecord:
    """A record of frames that are one row of pixels."""

    def __init__(self, **rows):
        self.frames = {
            name: Frame(name, "u8" if values.dtype == numpy.uint8 else "f32", [1, len(values)],
                        memoryview(values.tobytes()))
            for name, values in rows.items()}


def picture(red, zero, **more):
    """Pixels of pure red, then black ones: skin, and what is too dark to be."""
    rows = {"red": [1.0] * red + [0.0] * zero, "green": [0.0] * (red + zero), "blue": [0.0] * (red + zero)}
    return FakeRecord(**{name: numpy.array(row, dtype=numpy.float32) for name, row in rows.items()}, **more)


class RednessTests(unittest.TestCase):
    def test_white_has_full_lightness_and_no_redness(self):
        one = numpy.ones((1, 1), dtype=numpy.float32)
        lightness, redness = stage.lightness_and_redness(one, one, one)
        self.assertAlmostEqual(float(lightness[0, 0]), 100, places=3)
        self.assertAlmostEqual(float(redness[0, 0]), 0, places=1)

    def test_pure_red_is_at_80(self):
        # CIELAB of sRGB red under D65: L* 53.24, a* 80.09 (Lindbloom's calculator).
        red, zero = numpy.ones((1, 1)), numpy.zeros((1, 1))
        lightness, redness = stage.lightness_and_redness(red, zero, zero)
        self.assertAlmostEqual(float(lightness[0, 0]), 53.24, places=1)
        self.assertAlmostEqual(float(redness[0, 0]), 80.09, places=1)

    def test_dark_pixels_are_hair_and_do_not_count(self):
        made = stage.Redness({"darkest": 35}).process(picture(30, 70), None)
        self.assertAlmostEqual(made["medianA"], 80.09, places=1)
        self.assertEqual(made["skinShare"], 0.3)

    def test_pixels_that_cannot_be_measured_do_not_count(self):
        mask = numpy.array([255] * 20 + [0] * 80, dtype=numpy.uint8)
        made = stage.Redness({"darkest": 35}).process(picture(30, 70, unmeasurable=mask), None)
        self.assertEqual(made["skinShare"], 0.1)

    def test_a_grey_picture_and_one_without_skin_are_refused(self):
        grey = FakeRecord(light=numpy.zeros(4, dtype=numpy.float32))
        for record, code in ((grey, "no_colour"), (picture(4, 96), "no_skin")):
            with self.assertRaises(StageError) as raised:
                stage.Redness({"darkest": 35}).process(record, None)
            self.assertEqual(raised.exception.code, code)


if __name__ == "__main__":
    unittest.main()
