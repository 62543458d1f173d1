"""How many labels of its own does a new site need?

python projects/facemesh/how_many_labels.py --mesh meshes.npz \
    --data-root data/frl_faces --ann-file annotations/landmarks19.json \
    --split splits/train_n142_seed0.txt

Each site of the split in turn is the new one. FaceMesh is fitted to some faces
of its own, without and with all faces of the other sites, and judged on the
rest of its faces. Needs `facemesh.py mesh` first; trains no network.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmpose_ctd.apis.command_line import import_mmpose_quietly, run
from mmpose_ctd.errors import InputError

NUMBERS = (0, 5, 10, 20, 40)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ('mesh', 'data-root', 'ann-file', 'split'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument(
        '--draws',
        type=int,
        default=10,
        help="random choices of a site's own faces (default: %(default)s)",
    )
    return parser.parse_args()


def table_of_site(
    meshes: np.ndarray,
    points: np.ndarray,
    sites: np.ndarray,
    own_site: str,
    draws: int = 10,
    numbers: tuple[int, ...] = NUMBERS,
) -> pd.DataFrame:
    """Mean errors on faces of a site that did not train.

    Args:
        meshes (np.ndarray): (n, V, 3), pixels.
        points (np.ndarray): True landmarks, (n, K, 2), pixels.
        sites (np.ndarray): n names.
        own_site (str): The new site.
        draws (int): Choices of its own faces that are averaged. Defaults to
            10.
        numbers (tuple[int, ...]): Labels of its own.

    Returns:
        pd.DataFrame: ME in pixels; a row a number of own labels, and the
        columns ``alone``, ``pooled`` and ``pooled, site offsets``. NaN of
        no labels at all.
    """
    from mmpose_ctd.datasets.mesh_fit import fit_mesh

    own, others = np.flatnonzero(sites == own_site), sites != own_site
    others = np.flatnonzero(others)
    random = np.random.default_rng(0)

    def error(train, test, by_site=False) -> float:
        if not len(train):
            return np.nan
        given = list(sites[train]) if by_site else None
        fit = fit_mesh(meshes[train], points[train], list(train), given)
        found = fit.predict(meshes[test], list(sites[test]))
        return float(np.linalg.norm(found - points[test], axis=-1).mean())

    rows = []
    for number in numbers:
        for _ in range(draws if number else 1):
            shuffled = random.permutation(own)
            train, test = shuffled[:number], shuffled[number:]
            both = np.concatenate([train, others])
            rows.append(
                {
                    'own labels': number,
                    'alone': error(train, test),
                    'pooled': error(both, test),
                    'pooled, site offsets': error(both, test, by_site=True),
                }
            )
    return pd.DataFrame(rows).groupby('own labels').mean()


def main() -> None:
    args = parse_args()
    import_mmpose_quietly()
    from projects.facemesh.face_meshes.labelled_meshes import (
        read_labelled_meshes,
    )
    from projects.facemesh.face_meshes.mesh_file import MeshFile

    faces = read_labelled_meshes(
        args.data_root, args.ann_file, args.split, MeshFile.read(args.mesh)
    )
    kept = faces.found & np.isfinite(faces.points).all(axis=(1, 2))
    sites = np.array(faces.sites)[kept]
    names = sorted({*sites} - {''})
    fewest = min((np.sum(sites == name) for name in names), default=0)
    if len(names) < 2 or fewest <= max(NUMBERS):
        raise InputError(
            where=args.split,
            found=f'{len(names)} sites, the smallest of {fewest} faces',
            expected=f'two sites with more than {max(NUMBERS)} faces each',
        )
    for name in names:
        print(f'\n{name}: ME in pixels of the image')
        table = table_of_site(
            faces.meshes[kept], faces.points[kept], sites, name, args.draws
        )
        print(table.round(3).to_markdown())


if __name__ == '__main__':
    run(main)
