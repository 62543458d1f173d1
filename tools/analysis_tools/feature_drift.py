"""Measure how far trainings moved the encoder from the teacher's.

mmpose_ctd feature-drift configs/frl_faces/ctd_ed_sface.py \\
    FT=work_dirs/ft_sface/iter_500.pth ED=work_dirs/ctd_ed_sface/iter_500.pth

On the test images: 1 - cosine of the two encoders' feature maps (what ED pulls
down), and how long the change of the weights is. A student that never left the
teacher has nothing that a regulariser could keep.
"""

import argparse

from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmpose_ctd.apis.command_line import (
    add_checkpoints,
    add_config_options,
    load_config,
    named_checkpoints,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a config with a teacher')
    add_checkpoints(parser, '+')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    named = named_checkpoints(args.checkpoints)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmengine.runner import Runner

    from mmpose_ctd.apis.feature_drift import feature_drift

    init_default_scope(cfg.get('default_scope', 'mmpose'))
    data = Runner.build_dataloader(cfg.test_dataloader)
    drifts = feature_drift(cfg, named.values(), data)
    table = Table(title=f'{len(data.dataset)} images, source -> trained')
    table.add_column('')
    for stage in range(len(drifts[0].features)):
        table.add_column(f'map {stage + 1}: 1 - cosine', justify='right')
    table.add_column('change of the weights', justify='right')
    for name, drift in zip(named, drifts):
        table.add_row(
            name,
            *(f'{value:.3f}' for value in drift.features),
            f'{drift.weights:.1%}',
        )
    Console().print(table)


if __name__ == '__main__':
    run(main)
