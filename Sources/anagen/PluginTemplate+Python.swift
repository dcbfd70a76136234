/// A new plugin in Python.
extension PluginTemplate {
  var pythonStage: String {
    """
    #!/usr/bin/env python3
    \"""A stage of Anagen. What it takes, makes and can be set to stands in plugin.yaml.\"""

    import os
    import sys

    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

    from anagen_stage import Delivery, Record, Stage, StageError, serve


    class Brightness(Stage):
        id = "\(stageID)"

        def process(self, record: Record, delivery: Delivery) -> dict:
            # Your own code goes here. `record.frames` has the samples (`.array()` gives numpy's view),
            # `record.value` the rest; return what is to be filed.
            name = "light" if "light" in record.frames else "green"
            if name not in record.frames:
                raise StageError("record", "no_light", "the record has no samples", "give it a picture")
            samples = record.frames[name].samples
            counted = [value for value in samples if value >= self.settings["black_below"]]
            if not counted:
                raise StageError("record", "all_black", "no pixel is bright enough", "lower 'black_below'")
            return {"brightness": round(sum(counted) / len(counted), 6), "pixels": len(counted)}


    if __name__ == "__main__":
        serve(Brightness)

    """
  }

  var pythonTest: String {
    """
    \"""Tests of the stage without a host: python3 -m unittest\"""

    import unittest

    import stage
    from anagen_stage import Frame, StageError


    class FakeRecord:
        def __init__(self, values):
            import array

            samples = memoryview(array.array("f", values)).cast("B")
            self.frames = {"light": Frame("light", "f32", [1, len(values)], samples)}


    class BrightnessTests(unittest.TestCase):
        def test_the_mean_of_what_is_bright_enough(self):
            brightness = stage.Brightness({"black_below": 0.25})
            self.assertEqual(brightness.process(FakeRecord([0.0, 0.5, 1.0]), None),
                             {"brightness": 0.75, "pixels": 2})

        def test_a_black_picture_is_refused(self):
            with self.assertRaises(StageError):
                stage.Brightness({"black_below": 0.5}).process(FakeRecord([0.0]), None)


    if __name__ == "__main__":
        unittest.main()

    """
  }
}
