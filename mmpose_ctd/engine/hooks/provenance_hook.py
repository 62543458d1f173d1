"""Writes into checkpoints who trained, and how faces were framed."""

import logging

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmpose.registry import HOOKS

from mmpose_ctd.trained import (
    config_framing,
    refuse_framing_change,
    refuse_mixed_framing,
)
from mmpose_ctd.trained_people import (
    compare_tested,
    joined_records,
    people_record,
)

# Of a checkpoint's meta: what a test compares.
_KEPT = ('cfg', 'dataset_meta', 'training_people')


@HOOKS.register_module()
class ProvenanceHook(Hook):
    """Lets a checkpoint refuse people and framings that are not its own.

    While training it adds to the checkpoint's ``meta`` the training subjects
    as keyed hashes (``training_people``, those of the checkpoint that the
    training started from included), and to its ``dataset_meta`` the framing
    of the test pipeline (``input_framing``). Before a test it compares both
    with the config's. It holds no id and no path; the key of the hashes lies
    in the folder of the data set.

    Raises:
        InputError: At the beginning of a training, if its two pipelines cut
            faces out differently, or the key file is damaged. Before a test,
            if people trained whom the config keeps apart, or the framing is
            not the checkpoint's.
    """

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._start: dict | None = None
        self._people: dict | None = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember what the loaded checkpoint says of itself."""
        meta = checkpoint.get('meta') or {}
        self._start = {key: meta[key] for key in _KEPT if key in meta}

    def before_train(self, runner) -> None:
        """Look who trains, before the first step."""
        refuse_mixed_framing(runner.cfg)
        # Only the main process writes checkpoints.
        if not is_main_process():
            return
        record = people_record(runner.train_dataloader.dataset)
        self._people = joined_records(record, self._start)
        if self._people['missing']:
            print_log(
                'The checkpoints of this training cannot say of everybody '
                'who trained: ' + '; '.join(self._people['missing']) + '.',
                'current',
                logging.WARNING,
            )

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add both."""
        meta = checkpoint['meta']
        if self._people is not None:
            meta['training_people'] = self._people
        framing = config_framing(runner.cfg)
        if framing is not None and 'dataset_meta' in meta:
            # A new dict: the old one is the dataset's.
            meta['dataset_meta'] = dict(
                meta['dataset_meta'], input_framing=framing
            )

    def before_test(self, runner) -> None:
        """Compare the test with the training."""
        # Of what this run has trained itself nothing was loaded.
        if not self._start or self._people is not None:
            return
        path = str(runner._load_from or 'the checkpoint')
        content = dict(meta=self._start)
        refuse_framing_change(path, content, runner.cfg)
        dataset = runner.test_dataloader.dataset
        for warning in compare_tested(path, content, runner.cfg, dataset):
            print_log(warning, 'current', logging.WARNING)
