"""Finds the landmarks of a face in a photograph, with an exported model.

    from landmarker import OnnxLandmarker
    face = OnnxLandmarker('FOLDER')('photo.jpg')

or, to print JSON: python landmarker.py PHOTO ...
Needs numpy, opencv-python and onnxruntime. Not a medical device.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime


class OnnxLandmarker:
    """Finds landmarks; ``threads`` is the number of each network."""

    def __init__(self, folder, threads=1):
        folder = Path(folder)
        self.model = json.loads((folder / 'model.json').read_text('utf-8'))
        self.framing = self.model['framing']
        self.inner = np.array(self.model['input_size'])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # As bytes: OpenCV cannot open paths with accents on Windows.
        self.networks = {
            name: onnxruntime.InferenceSession(
                (folder / f'{name}.onnx').read_bytes(), options
            )
            for name in self.model['networks']
        }
        xml = (folder / 'face_detector.xml').read_text('utf-8')
        self.detector = cv2.CascadeClassifier()
        file = cv2.FileStorage(xml, cv2.FILE_STORAGE_MEMORY)
        self.detector.read(file.getFirstTopLevelNode())

    def __call__(self, photo):
        """Find the landmarks in a file, or in an image (H, W, 3), B, G, R.

        Returns a dict: status (measured; check, see reasons; uncalibrated; no
        face found); landmarks, name -> (x, y), pixels of the upright image
        from its first one's centre; radii, name -> pixels that contain 95 %.
        """
        image = photo if isinstance(photo, np.ndarray) else read(photo)
        row = dict(status='no face found', reasons=[], landmarks={}, radii={})
        located = getattr(self, f'by_{self.framing["by"]}')(image)
        if located is None:
            return row
        face, box, (points, *judged), moved = located
        known, names = self.model['calibration'], self.model['landmarks']
        reasons, size = row['reasons'], image.shape[1::-1]
        if known:
            sds, faintness, values = judged
            values = [*values, moved / known['unsteadiness']]
            words = zip(known['reasons'], values)
            reasons += [word for word, value in words if not value <= 1]
            if hidden := [n for n, f in zip(names, faintness) if f > 1]:
                more = f' and {len(hidden) - 3} more' if hidden[3:] else ''
                reasons.append(f'hardly seen: {", ".join(hidden[:3])}{more}')
            # <template>
            if self.framing['finds_face'] and not face and reasons:
                return row | dict(reasons=[])
            # </template>
            share = face and max(0.08, 0.35 * face[2] / min(size))
            rest = self.faces(image, share)[1:2] if face else []
            reasons += [known['crowded'] for o in rest if 2 * o[2] >= face[2]]
        if 2 * box[2] < self.inner[0]:
            reasons.append('the face has few pixels')
        if not ((points >= -0.5) & (points <= np.array(size) - 0.5)).all():
            reasons.append('outside the photograph')
        if known and not reasons:
            radii = sds * box[2] / self.inner[0] * known['radius_95']
            row['radii'] = dict(zip(names, radii.tolist()))
        row['landmarks'] = dict(zip(names, points.tolist()))
        status = 'measured' if known else 'uncalibrated'
        return row | dict(status='check' if reasons else status)

    def look(self, image, box):
        """What the network finds in a box; points in pixels of the image."""
        left, top, wide, high = box[0], box[1], *np.maximum(box[2:], 2)
        columns = np.arange(left, left + wide).clip(0, image.shape[1] - 1)
        rows = np.arange(top, top + high).clip(0, image.shape[0] - 1)
        size = np.minimum(self.framing['crop_size'], (wide, high))
        crop = shrunk(image[rows][:, columns], size)
        scale = np.maximum(size, size[::-1] * self.inner / self.inner[::-1])
        zoom = (self.inner - 1) / scale
        shift = zoom * (scale - size) / 2
        matrix = np.float32([[zoom[0], 0, shift[0]], [0, zoom[1], shift[1]]])
        crop = cv2.warpAffine(crop, matrix, self.inner.tolist())
        found = self.networks['landmarks'].run(None, dict(crops=crop[None]))
        points, *judged, _ = (part[0] for part in found)
        points = points / self.inner * scale + (size - scale) / 2 + 0.5
        return points / size[0] * wide + (left - 0.5, top - 0.5), *judged

    def faces(self, image, share=0.08, borders=(0, 0.2)):
        """Faces from a share of the shorter side on, the largest first."""
        size = np.array(image.shape[1::-1])
        small = np.maximum(1, np.round(size * min(1, 640 / max(size))))
        grey = shrunk(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), small)
        smallest = 0, (max(20, round(share * min(small))),) * 2
        for border in borders:
            edge = round(border * min(small))
            edges = edge, edge, edge, edge, cv2.BORDER_REPLICATE
            searched = cv2.equalizeHist(cv2.copyMakeBorder(grey, *edges))
            boxes = self.detector.detectMultiScale(searched, 1.1, 4, *smallest)
            if len(boxes):
                break
        boxes = sorted(map(tuple, boxes), key=lambda b: (b[2] * b[3], *b))
        moves, scale = (edge, edge, 0, 0), np.tile(size / small, 2)
        return [tuple((np.array(b) - moves) * scale) for b in boxes[::-1]]

    # <template>
    def by_template(self, image):
        """Three looks, each framed by the landmarks of the one before."""
        size, face = np.array(image.shape[1::-1]), None
        if self.framing['finds_face']:
            face = next(iter(self.faces(image)), None)
        aspect = self.inner[1] / self.inner[0]
        x, y, wide = *size / 2, max(size[0], size[1] / aspect)
        if face:
            right, down, wide = np.array(self.framing['face_box']) * face[2]
            x, y = face[0] + face[2] / 2 + right, face[1] + face[3] / 2 + down
        start = np.array([x - wide / 2, y - wide * aspect / 2])
        template = np.array(self.framing['template'], float)
        known = np.isfinite(template[:, 0])
        ours = template[known] - template[known].mean(0)
        found = None
        for _ in range(3):
            if found:
                before, middle = found[0], found[0][known].mean(0)
                # Scale and shift by least squares.
                theirs = before[known] - middle
                spread = (ours**2).sum()
                least = 0.5 * np.sqrt((theirs**2).sum() / spread)
                wide = max((ours * theirs).sum() / spread, least)
                start = middle + 0.5 - wide * template[known].mean(0)
                wide = np.clip(wide, 8, 4 * max(size))
                low = 2 - wide * np.array([1, aspect])
                start = np.clip(start, low, size - 2)
            box = [round(float(v)) for v in (*start, wide, wide * aspect)]
            found = self.look(image, box)
        moved = (((found[0] - before) / box[2]) ** 2).sum(1).mean() ** 0.5
        return face, box, found, moved

    # </template>
    # <mesh>
    def by_mesh(self, image):
        """One look, framed by 478 points; large faces are tried first."""
        size = np.array(image.shape[1::-1])
        faces = self.faces(image, 0.25, (0,))
        if not faces or faces[0][2] < 1.5 * 0.25 * min(size):
            faces = self.faces(image)
        face = next(iter(faces), None)
        centre, side, angle = (size - 1) / 2, max(size), 0
        if face:
            centre = np.array(face[:2]) + np.array(face[2:]) / 2 - 0.5
            side = 1.5 * max(face[2:])
        looks = []
        for _ in range(2):
            frame = centre, side, angle
            points, presence = self.mesh(image, *frame)
            looks.append(points)
            # Level the outer corners of the eyes.
            angle = np.arctan2(*(points[263] - points[33])[::-1])
            level = points @ turned(angle)
            low, high = level.min(0), level.max(0)
            centre = turned(angle) @ ((low + high) / 2)
            side = 1.5 * max(high - low)
        # On a turned face they follow the crop.
        steady, largest = self.framing['mesh_moves']
        if spread(points, looks[0]) >= steady:
            turns = frame[2] + np.radians([12, -12])
            looks = [self.mesh(image, *frame[:2], turn)[0] for turn in turns]
        if presence < 0.5 or max(spread(points, p) for p in looks) >= largest:
            return None
        low, high = points.min(0), points.max(0)
        aspect = np.array([1, self.inner[1] / self.inner[0]])
        wide = self.framing['mesh_side'] * max(high - low) * aspect
        start = (low + high + 1 - wide) / 2
        box = [round(float(v)) for v in (*start, *wide)]
        return face, box, self.look(image, box), 0.0

    def mesh(self, image, centre, side, angle):
        """478 points that the network finds in a square crop."""
        size = np.array(image.shape[1::-1])
        turn = turned(angle) * side / 256
        shift = centre - turn @ (128, 128)
        # Sampling would skip pixels of a large picture.
        source = shrunk(image, size * min(1, 512 / side))
        scale = np.array(source.shape[1::-1]) / size
        matrix = np.column_stack([turn, shift]) * scale[:, None]
        matrix[:, 2] += scale / 2 - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
        crop = cv2.warpAffine(source, matrix, (256, 256), None, *flags)
        found = self.networks['mesh'].run(None, dict(crops=crop[None]))
        return found[0][0, :, :2].astype(float) @ turn.T + shift, found[1][0]

    # </mesh>


# <mesh>
def turned(angle):
    """A rotation matrix."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def spread(points, others):
    """Root mean square distance in longer sides of the face."""
    moved = ((points - others) ** 2).sum(1).mean()
    return moved**0.5 / np.ptp(points, axis=0).max()


# </mesh>
def shrunk(image, size):
    """An image averaged down to a size (width, height)."""
    size = np.maximum(1, np.round(size)).astype(int).tolist()
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def read(path):
    """Read a photograph as B, G, R, if OpenCV turns it upright by EXIF."""
    data = Path(path).read_bytes()
    turned = data.startswith((b'\xff\xd8', b'\x89PNG', b'BM', b'II', b'MM'))
    if turned or (data[:4] == b'RIFF' and b'EXIF' not in data):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            return image
    raise ValueError(f'{path}: cannot be read upright; save it as JPEG or PNG')


if __name__ == '__main__':
    find = OnnxLandmarker(Path(__file__).parent)
    for photo in sys.argv[1:] or sys.exit(__doc__):
        try:
            found = find(photo)
        except (OSError, ValueError, cv2.error) as error:
            found = dict(status='unreadable', reasons=[str(error)])
        print(json.dumps(dict(file=photo, **found)))
