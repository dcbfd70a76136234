"""What a user would reach for instead: three counters from OpenCV and scikit-image, as detections.

Each takes a picture and its scale and gives centre lines in pixels, so that the rule of
`hair_matching.py` holds for them too. Lengths that they need are given in µm of skin, as everywhere.
"""

import cv2
import numpy as np
from skimage.filters import frangi
from skimage.morphology import skeletonize

from hair_matching import DetectedHair

# The shortest line that `anagen measure` looks at; for the peers too.
SHORTEST_UM = 110.0
# The radius of the black-hat's disc: above the thickest shaft, 120 um.
DISC_UM = 85.0


def black_hat_components(grey, um_per_px):
    """Black-hat, Otsu's threshold, connected components: each component is one hair."""
    mask = black_hat_mask(grey, um_per_px)
    return component_lines(mask, um_per_px)


def canny_hough(grey, um_per_px):
    """Canny's edges of the black-hat mask, probabilistic Hough segments: each segment is one hair."""
    mask = black_hat_mask(grey, um_per_px)
    edges = cv2.Canny(mask, 50, 150)
    segments = cv2.HoughLinesP(
        edges, 1, np.pi / 180, 30, minLineLength=SHORTEST_UM / um_per_px, maxLineGap=22 / um_per_px
    )
    if segments is None:
        return []
    return [DetectedHair(s.reshape(2, 2).astype(float)) for s in np.asarray(segments).reshape(-1, 4)]


def frangi_skeleton(grey, um_per_px):
    """Frangi's vesselness at four widths, Otsu's threshold, skeleton: each branchless part is one hair."""
    scales = [micrometres / um_per_px for micrometres in (9, 14, 22, 32)]
    strength = frangi(grey.astype(float) / 255, sigmas=scales, black_ridges=True)
    strength = np.clip(strength / max(np.quantile(strength, 0.98), 1e-12) * 255, 0, 255)
    _, mask = cv2.threshold(strength.astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    thin = skeletonize(mask > 0).astype(np.uint8)
    around = cv2.filter2D(thin, cv2.CV_16S, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT) - thin
    thin[(around > 2) & (thin > 0)] = 0
    return component_lines(thin, um_per_px)


PEERS = {
    "black-hat, Otsu, components": black_hat_components,
    "Canny, Hough": canny_hough,
    "Frangi, skeleton": frangi_skeleton,
}


def read(path, um_per_px, name):
    """The detections of one peer in a picture file."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise OSError(f"{path}: cannot be read as a picture")
    return PEERS[name](grey, um_per_px)


def black_hat_mask(grey, um_per_px):
    size = 2 * int(round(DISC_UM / um_per_px)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    hat = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, disc)
    _, mask = cv2.threshold(hat, 0, 255, cv2.THRESH_OTSU)
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))


def component_lines(mask, um_per_px):
    """The long axis of each component that is long enough."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask)
    lines = []
    for label in range(1, count):
        left, top, width, height, _ = boxes[label]
        if np.hypot(width, height) * um_per_px < SHORTEST_UM:
            continue
        rows, columns = np.nonzero(labels[top : top + height, left : left + width] == label)
        points = np.stack([columns + left, rows + top], 1).astype(float)
        centre = points.mean(0)
        _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
        along = (points - centre) @ axes[0]
        line = centre + np.outer([along.min(), along.max()], axes[0])
        if np.ptp(along) * um_per_px >= SHORTEST_UM:
            lines.append(DetectedHair(line))
    return lines
