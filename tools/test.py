"""Test a checkpoint: print ME, AUC and FR and draw the CED figure.

--measures also compares measures between landmarks (docs/measures.md).

python tools/test.py configs/frl_faces/ctd_ed_sface.py CHECKPOINT
"""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from mmpose_ctd.apis.command_line import (
    add_runner_arguments,
    add_trained,
    load_config,
    make_parser,
    require_checkpoint,
    require_ending,
    run,
    take_outputs,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import file_hash, write_whole

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmpose_ctd.apis.terse_runner import TestingRunner


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_trained(parser)
    parser.add_argument(
        '--out', metavar='FILE.json', help='write all metrics there'
    )
    parser.add_argument(
        '--dump', metavar='FILE.pkl', help='write the predictions there'
    )
    parser.add_argument(
        '--keypoints',
        metavar='FILE.json',
        help="write the predictions there, as COCO's keypoint results, in "
        'pixels of the image',
    )
    parser.add_argument(
        '--measures',
        choices=['px', 'mm'],
        help='compare predicted with manual measures, in pixels of the image '
        "or in mm by its record's mm_per_px",
    )
    add_runner_arguments(parser)
    return parser.parse_args()


def evaluators(cfg: 'Config') -> list:
    """The test's metrics, of which a config may name one or several."""
    metrics = cfg.test_evaluator
    return [*metrics] if isinstance(metrics, (list, tuple)) else [metrics]


def add_keypoints(cfg: 'Config', file: str) -> str:
    """Let MMPose write keypoint results; returns the name it gives them."""
    # Beside the file, where it can be renamed.
    prefix = f'{file}.{os.getpid()}'
    writer = dict(
        type='CocoMetric',
        format_only=True,
        nms_mode='none',
        score_mode='keypoint',
        outfile_prefix=prefix,
    )
    cfg.test_evaluator = [*evaluators(cfg), writer]
    return f'{prefix}.keypoints.json'


def add_measures(cfg: 'Config', unit: str) -> None:
    """Measure in this unit, by the config's metric if it has one."""
    from mmpose_ctd.config_values import component_name

    metrics = evaluators(cfg)
    own = [m for m in metrics if component_name(m) == 'MeasurementMetric']
    if not own:
        own = [dict(type='MeasurementMetric')]
        metrics += own
    for metric in own:
        metric['unit'] = 'image' if unit == 'px' else unit
    cfg.test_evaluator = metrics


def check_checkpoint(path: str, runner: 'TestingRunner') -> list[str]:
    """Refuse what the checkpoint was not trained for.

    Returns:
        list[str]: Warnings about people who train and test.

    Raises:
        InputError: If the weights are another model's, the landmarks or the
            framing are others, or people trained whom the splits keep apart.
    """
    from mmpose_ctd.config_values import unwrapped
    from mmpose_ctd.trained import (
        check_same_landmarks,
        load_trained,
        refuse_framing_change,
    )
    from mmpose_ctd.trained_people import compare_tested

    cure = 'Test with the config that the checkpoint was trained with.'
    content = load_trained(unwrapped(runner.model), path, cure)
    dataset = runner.test_dataloader.dataset
    check_same_landmarks(path, content, dataset.metainfo)
    refuse_framing_change(path, content, runner.cfg)
    return compare_tested(path, content, runner.cfg, dataset)


def main() -> None:
    args = parse_args()
    require_ending(args, out='.json', keypoints='.json')
    if args.dump and not args.dump.endswith(('.pkl', '.pickle')):
        raise InputError(
            where=f'--dump {args.dump}', expected='a name ending in .pkl'
        )
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmengine.dist import is_main_process
    from rich.console import Console

    from mmpose_ctd.apis.terse_runner import TestingRunner
    from mmpose_ctd.checkpoint_file import check_undamaged
    from mmpose_ctd.evaluation import (
        LandmarkErrorMetric,
        MeasurementMetric,
        measurement_table,
        report_table,
    )

    # Before a work dir is made.
    check_undamaged(args.checkpoint, 'the checkpoint')
    cfg.load_from = args.checkpoint
    if args.measures:
        add_measures(cfg, args.measures)
    if args.dump:
        dump = dict(type='DumpResults', out_file_path=args.dump)
        cfg.test_evaluator = [*evaluators(cfg), dump]
    take_outputs(args.out, args.keypoints)
    if args.keypoints:
        written = add_keypoints(cfg, args.keypoints)
    runner = TestingRunner.from_cfg(cfg)
    runner.test_loop  # noqa: B018  (builds dataset and metrics)
    warnings = check_checkpoint(args.checkpoint, runner)
    values = runner.test()
    if not is_main_process():
        return
    if args.keypoints:
        os.replace(written, args.keypoints)
    reports, measures = (
        [
            metric.report
            for metric in runner.test_evaluator.metrics
            if isinstance(metric, kind)
        ]
        for kind in (LandmarkErrorMetric, MeasurementMetric)
    )
    # A pipe has no width of its own; 80 columns would cut the table.
    console = Console(width=None if sys.stdout.isatty() else 120)
    for report in reports:
        console.print(report_table(report))
    for report in measures:
        console.print(measurement_table(report))
    checkpoint = file_hash(args.checkpoint)
    print(
        f'Checkpoint: {os.path.basename(args.checkpoint)}, sha256 {checkpoint}'
    )
    for warning in warnings:
        # Below the table, where they are not overlooked.
        print(f'warning: {warning}', file=sys.stderr)
    if args.out:
        # JSON has no NaN.
        known = {k: None if v != v else v for k, v in values.items()}
        content = dict(checkpoint=checkpoint, metrics=known, reports=reports)
        if measures:
            content['measures'] = measures
        if warnings:
            content['warnings'] = warnings
        write_whole(args.out, json.dumps(content, indent=1).encode())
        print(f'Metrics written to {args.out}')
    if args.keypoints:
        print(f'Landmarks written to {args.keypoints}')


if __name__ == '__main__':
    run(main)
