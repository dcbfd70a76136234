"""Tests of the stage's own arithmetic: python3 -m unittest"""

import unittest

import numpy

import stage


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


if __name__ == "__main__":
    unittest.main()
