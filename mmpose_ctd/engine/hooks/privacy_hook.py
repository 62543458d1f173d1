"""Keeps absolute paths out of checkpoints."""

import os.path as osp

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from mmpose_ctd.privacy import HIDDEN, redact


@HOOKS.register_module()
class PrivacyHook(Hook):
    """Shortens absolute paths in a checkpoint.

    mmengine stores the whole configuration and the paths of the last
    checkpoints. Remove the hook to keep them.
    """

    priority = 'VERY_LOW'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with what is about to be saved."""
        checkpoint.update(redact(checkpoint))

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Give checkpoints of the work dir their places back.

        A resumed run removes its best checkpoint once there is a better one,
        and for that has to find it.
        """
        info = checkpoint.get('message_hub', {}).get('runtime_info', {})
        for key, value in info.items():
            if isinstance(value, str) and value.startswith(HIDDEN):
                place = osp.join(runner.work_dir, value[len(HIDDEN) :])
                if osp.isfile(place):
                    info[key] = place
