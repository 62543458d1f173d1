"""Check that the teacher recognises the people of the training images.

mmpose_ctd teacher-recognition \\
    projects/frl_study/configs/recipe/unlabelled.py --cfg-options \\
    train_dataloader.dataset.split=splits/train_n142_seed0.txt

A teacher that regularises should know its own task on these images, as this
config shows them to it. Needed: two or more images of some subjects; they may
be unlabelled. Nothing is trained and nothing is written.
"""

import argparse

from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmpose_ctd.apis.command_line import add_config_options, load_config, run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a config with a teacher')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmpose_ctd.apis.command_line import quiet_logs
    from mmpose_ctd.apis.feature_extractor import plain_training_data
    from mmpose_ctd.apis.teacher_recognition import teacher_recognition

    init_default_scope(cfg.get('default_scope', 'mmpose'))
    data = plain_training_data(cfg, unlabelled=True)
    with quiet_logs():
        found = teacher_recognition(cfg, data)
    probes = next(iter(found.values())).probes
    table = Table(
        title=f'{len(data.dataset)} images, {probes} of a subject with others'
    )
    table.add_column('teacher')
    for name in ('nearest is the same person', 'by chance', 'AUC of pairs'):
        table.add_column(name, justify='right')
    for name, one in found.items():
        table.add_row(
            name, f'{one.first:.1%}', f'{one.chance:.1%}', f'{one.auc:.3f}'
        )
    Console().print(table)


if __name__ == '__main__':
    run(main)
