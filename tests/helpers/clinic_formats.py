"""The points of a clinic's folder, written as the tools do that groups use."""

import json
import os

import numpy as np
from clinic_folder import NAMES, wide_csv

#: Width and height of the photographs.
SIZE = (320, 400)
KINDS = ('csv', 'long', 'tps', 'pts', 'tem', 'coco', 'labelme', 'cvat')


def as_format(kind: str, folder, clinic) -> tuple:
    """Write points as a tool would; arguments of ``prepare``."""
    folder.mkdir(exist_ok=True)
    names = folder.parent / 'names.txt'
    names.write_text('\n'.join(NAMES))
    if kind in ('csv', 'long'):
        path = folder / 'points.csv'
        text = wide_csv(clinic)
        if kind == 'long':
            rows = ['image,landmark,x,y'] + [
                f'{image},{name},{x:.9f},{y:.9f}'
                for image, points in clinic.items()
                for name, (x, y) in zip(NAMES, points)
            ]
            text = '\n'.join(rows)
        path.write_text(text)
        return path, {}
    if kind == 'tps':
        lines = []
        for image, points in clinic.items():
            lines.append(f'LM={len(points)}')
            # From the lower left corner, upwards.
            lines += [
                f'{x + 0.5:.9f} {SIZE[1] - (y + 0.5):.9f}' for x, y in points
            ]
            lines.append(f'IMAGE={image}')
        (folder / 'a.tps').write_text('\n'.join(lines))
        return folder / 'a.tps', {'landmarks': str(names)}
    if kind == 'coco':
        images = [
            dict(id=i, file_name=name, width=SIZE[0], height=SIZE[1])
            for i, name in enumerate(clinic)
        ]
        annotations = [
            dict(id=i, image_id=i, keypoints=np.insert(p, 2, 2, 1).ravel())
            for i, p in enumerate(clinic.values())
        ]
        category = dict(id=1, keypoints=list(NAMES))
        text = json.dumps(
            dict(
                images=images, annotations=annotations, categories=[category]
            ),
            default=np.ndarray.tolist,
        )
        (folder / 'a.json').write_text(text)
        return folder / 'a.json', {}
    if kind == 'cvat':
        parts = []
        for i, (image, points) in enumerate(clinic.items()):
            shapes = ''.join(
                f'<points label="{n}" points="{x + 0.5:.9f},{y + 0.5:.9f}"/>'
                for n, (x, y) in zip(NAMES, points)
            )
            parts.append(
                f'<image id="{i}" name="{image}" width="{SIZE[0]}" '
                f'height="{SIZE[1]}">{shapes}</image>'
            )
        text = f'<annotations>{"".join(parts)}</annotations>'
        (folder / 'a.xml').write_text(text)
        return folder / 'a.xml', {}
    for image, points in clinic.items():
        path = folder / f'{os.path.splitext(image)[0]}'
        if kind == 'pts':
            rows = '\n'.join(f'{x + 1:.9f} {y + 1:.9f}' for x, y in points)
            path.with_suffix('.pts').write_text(
                f'version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n'
            )
        elif kind == 'tem':
            rows = '\n'.join(f'{x:.9f}\t{y:.9f}' for x, y in points)
            path.with_suffix('.tem').write_text(f'{len(points)}\n{rows}\n0\n')
        else:
            shapes = [
                dict(label=n, shape_type='point', points=[[x + 0.5, y + 0.5]])
                for n, (x, y) in zip(NAMES, points)
            ]
            text = json.dumps(
                dict(
                    shapes=shapes,
                    imagePath=image,
                    imageWidth=SIZE[0],
                    imageHeight=SIZE[1],
                )
            )
            path.with_suffix('.json').write_text(text)
    extra = {} if kind == 'labelme' else {'landmarks': str(names)}
    return folder, extra
