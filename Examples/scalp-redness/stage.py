#!/usr/bin/env python3
"""How red the skin between the hairs is: a stage of Anagen in Python with numpy."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import numpy

from anagen_stage import Delivery, Record, Stage, StageError, serve

# Linear sRGB to CIE XYZ under D65, divided by the white point (IEC 61966-2-1).
TO_XYZ = numpy.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                      [0.0193339, 0.1191920, 0.9503041]]) / numpy.array([[0.95047], [1.0], [1.08883]])


def lightness_and_redness(red, green, blue):
    """L* and a* of CIELAB (CIE 15:2018) from linear sRGB planes."""
    def response(plane):
        return numpy.where(plane > (6 / 29) ** 3, numpy.cbrt(plane), plane / (3 * (6 / 29) ** 2) + 4 / 29)

    x = response(TO_XYZ[0, 0] * red + TO_XYZ[0, 1] * green + TO_XYZ[0, 2] * blue)
    y = response(TO_XYZ[1, 0] * red + TO_XYZ[1, 1] * green + TO_XYZ[1, 2] * blue)
    return 116 * y - 16, 500 * (x - y)


class Redness(Stage):
    """The median a* of the pixels that are skin."""

    id = "redness.index"

    def process(self, record: Record, delivery: Delivery) -> dict:
        if "red" not in record.frames:
            raise StageError("record", "no_colour", "the picture is grey", "use a colour camera")
        red, green, blue = (record.frames[name].array() for name in ("red", "green", "blue"))
        lightness, redness = lightness_and_redness(red, green, blue)
        skin = lightness >= self.settings["darkest"]
        if "unmeasurable" in record.frames:
            skin &= record.frames["unmeasurable"].array() == 0
        share = float(skin.mean())
        if share < 0.05:
            raise StageError("record", "no_skin", "less than a twentieth of the picture is skin",
                             "lower 'darkest', or look at the picture")
        values = redness[skin]
        low, middle, high = numpy.percentile(values, [25, 50, 75])
        return {"medianA": round(float(middle), 4), "quartiles": [round(float(low), 4), round(float(high), 4)],
                "skinShare": round(share, 4)}


if __name__ == "__main__":
    serve(Redness)
