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
        # Width and height of a frame that is 1 wide.
        self.shape = self.inner / self.inner[0]
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
        located = self.locate(image)
        if located is None:
            return row
        face, moved, (points, wide, *judged) = located
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
            if face is not None:
                share = max(0.08, 0.35 * face[2] / min(size))
                rivals = self.faces(image, share)[1:]
                if rivals and 2 * rivals[0][2] >= face[2]:
                    reasons.append(known['crowded'])
            elif self.framing['finds_face'] and reasons:
                return row | dict(reasons=[])
        if 2 * wide < self.inner[0]:
            reasons.append('the face has few pixels')
        if not ((points >= -0.5) & (points <= np.array(size) - 0.5)).all():
            reasons.append('outside the photograph')
        if known and not reasons:
            radii = sds * wide / self.inner[0] * known['radius_95']
            row['radii'] = dict(zip(names, radii.tolist()))
        row['landmarks'] = dict(zip(names, points.tolist()))
        status = 'measured' if known else 'uncalibrated'
        return row | dict(status='check' if reasons else status)

    def look(self, image, start, wide):
        """Points in pixels of the image; the frame's width; judgements."""
        start = np.round(start).astype(int)
        box = np.maximum(np.round(wide * self.shape), 2).astype(int)
        x, y = (s + np.arange(length) for s, length in zip(start, box))
        x, y = x.clip(0, image.shape[1] - 1), y.clip(0, image.shape[0] - 1)
        size = np.minimum(self.framing['crop_size'], box)
        crop = shrunk(image[y][:, x], size)
        scale = np.maximum(size, size[::-1] * self.inner / self.inner[::-1])
        zoom = (self.inner - 1) / scale
        matrix = np.column_stack([np.diag(zoom), zoom * (scale - size) / 2])
        crop = cv2.warpAffine(crop, np.float32(matrix), self.inner.tolist())
        found = self.networks['landmarks'].run(None, dict(crops=crop[None]))
        points, *judged, _ = (part[0] for part in found)
        points = points / self.inner * scale + (size - scale) / 2 + 0.5
        return points / size[0] * box[0] + start - 0.5, box[0], *judged

    def faces(self, image, share=0.08, borders=(0, 0.2)):
        """Faces from a share of the shorter side on, the largest first."""
        size = np.array(image.shape[1::-1])
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        grey = shrunk(grey, size * min(1, 640 / max(size)))
        scale = np.tile(size / grey.shape[::-1], 2)
        smallest = 0, (max(20, round(share * min(grey.shape))),) * 2
        for border in borders:
            edge = round(border * min(grey.shape))
            edges = edge, edge, edge, edge, cv2.BORDER_REPLICATE
            searched = cv2.equalizeHist(cv2.copyMakeBorder(grey, *edges))
            boxes = self.detector.detectMultiScale(searched, 1.1, 4, *smallest)
            if len(boxes):
                break
        boxes = sorted(map(tuple, boxes), key=lambda b: (b[2] * b[3], *b))
        inside = np.array(boxes[::-1]).reshape(-1, 4) - (edge, edge, 0, 0)
        return list(inside * scale)

    def locate(self, image):
        """Three looks, each framed by the landmarks of the one before."""
        size, face = np.array(image.shape[1::-1]), None
        if self.framing['finds_face']:
            face = next(iter(self.faces(image)), None)
        centre, wide = size / 2, max(size / self.shape)
        if face is not None:
            *move, wide = face[2] * np.array(self.framing['face_box'])
            centre = face[:2] + face[2:] / 2 + move
        looks = [self.look(image, centre - wide * self.shape / 2, wide)]
        template = np.array(self.framing['template'], float)
        known = np.isfinite(template[:, 0])
        ours = template[known] - template[known].mean(0)
        for _ in range(2):
            # Scale and shift by least squares.
            middle = looks[-1][0][known].mean(0)
            theirs = looks[-1][0][known] - middle
            extent = (ours**2).sum()
            least = 0.5 * np.sqrt((theirs**2).sum() / extent)
            wide = max((ours * theirs).sum() / extent, least)
            start = middle + 0.5 - wide * template[known].mean(0)
            wide = np.clip(wide, 8, 4 * max(size))
            start = np.clip(start, 2 - wide * self.shape, size - 2)
            looks.append(self.look(image, start, wide))
        _, (before, *_), last = looks
        return face, distance(before, last[0]) / last[1], last


def distance(points, others):
    """Root mean square distance."""
    return ((points - others) ** 2).sum(1).mean() ** 0.5


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
            found |= dict(landmarks={}, radii={})
        print(json.dumps(dict(file=photo, **found)))
