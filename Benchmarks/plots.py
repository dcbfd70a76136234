"""The plots of `accuracy.py`: of figures alone, never of a picture."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402


def bland_altman(rows, path):
    """Counts: difference against mean, with bias and limits of agreement (Bland and Altman 1986)."""
    truth = np.array([row["truth"] for row in rows], float)
    found = np.array([row["matched"] + row["false"] for row in rows], float)
    if not len(truth):
        return
    difference, mean = found - truth, (found + truth) / 2
    bias, spread = difference.mean(), 1.96 * difference.std()
    figure, axes = new_axes("mean of true and found hairs a picture", "found − true")
    axes.scatter(mean, difference, s=10, alpha=0.5)
    for level, style in ((bias, "-"), (bias - spread, "--"), (bias + spread, "--")):
        axes.axhline(level, linestyle=style, linewidth=1)
        axes.annotate(f"{level:+.1f}", (mean.max(), level))
    save(figure, path)


def diameter_errors(errors, path):
    """Error against true diameter; hairs that stand alone apart from the others."""
    figure, axes = new_axes("true diameter, µm", "found − true, µm")
    for isolated, name in ((False, "beside others"), (True, "standing alone")):
        part = np.array([(true, error) for _, true, error, alone in errors if alone == isolated])
        if len(part):
            axes.scatter(part[:, 0], part[:, 1], s=8, alpha=0.5, label=f"{name} ({len(part)})")
    axes.axhline(0, linewidth=1)
    axes.set_ylim(-40, 40)
    axes.legend()
    save(figure, path)


def precision_recall(points, path):
    """The curve over the confidence from which a line counts as a hair."""
    figure, axes = new_axes("recall", "precision")
    axes.plot([recall for recall, _ in points], [precision for _, precision in points], marker="o")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    save(figure, path)


def new_axes(across, up):
    figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def save(figure, path):
    figure.savefig(path, dpi=110)
    plt.close(figure)
