"""How an exported program frames faces by dense landmarks."""

import cv2
import numpy as np

from .landmarker import OnnxLandmarker, distance, shrunk


class MeshLandmarker(OnnxLandmarker):
    """Its methods are exported in place of those that they override."""

    def locate(self, image):
        """One look, framed by 478 points; large faces are tried first."""
        size = np.array(image.shape[1::-1])
        faces = self.faces(image, 0.25, (0,))
        if not faces or faces[0][2] < 1.5 * 0.25 * min(size):
            faces = self.faces(image)
        face = next(iter(faces), None)
        centre, side = (size - 1) / 2, max(size)
        if face is not None:
            centre, side = face[:2] + face[2:] / 2 - 0.5, 1.5 * max(face[2:])
        before, _ = self.mesh(image, centre, side, 0)
        # Level the outer corners of the eyes.
        right, down = before[263] - before[33]
        angle = np.degrees(np.arctan2(down, right))
        turn = cv2.getRotationMatrix2D((0, 0), -angle, 1)[:, :2]
        low, high = (before @ turn).min(0), (before @ turn).max(0)
        frame = turn @ ((low + high) / 2), 1.5 * max(high - low)
        points, presence = self.mesh(image, *frame, angle)
        # On a turned face they follow the crop.
        extent, others = np.ptp(points, axis=0).max(), [before]
        steady, largest = extent * np.array(self.framing['mesh_moves'])
        if distance(points, before) >= steady:
            angles = angle + 12, angle - 12
            others = [self.mesh(image, *frame, one)[0] for one in angles]
        moved = max(distance(points, other) for other in others)
        if presence < 0.5 or moved >= largest:
            return None
        low, high = points.min(0), points.max(0)
        wide = self.framing['mesh_side'] * max(high - low)
        start = (low + high + 1 - wide * self.shape) / 2
        return face, 0.0, self.look(image, start, wide)

    def mesh(self, image, centre, side, angle):
        """478 points that the network finds in a square crop."""
        matrix = cv2.getRotationMatrix2D((128, 128), -angle, side / 256)
        matrix[:, 2] += centre - 128
        # Sampling would skip pixels of a large picture.
        size = np.array(image.shape[1::-1])
        source = shrunk(image, size * min(1, 512 / side))
        scale = np.array(source.shape[1::-1]) / size
        inner = matrix * scale[:, None]
        inner[:, 2] += scale / 2 - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
        crop = cv2.warpAffine(source, inner, (256, 256), None, *flags)
        found = self.networks['mesh'].run(None, dict(crops=crop[None]))
        points = found[0][0, :, :2].astype(float)
        return points @ matrix[:, :2].T + matrix[:, 2], found[1][0]
