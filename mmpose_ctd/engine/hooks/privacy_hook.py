"""Keeps absolute paths out of checkpoints."""

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from mmpose_ctd.privacy import redact

__all__ = ['PrivacyHook']


@HOOKS.register_module()
class PrivacyHook(Hook):
    """Shortens the absolute paths that mmengine writes into a checkpoint.

    mmengine stores the whole configuration and the last checkpoints' places.
    Leave the hook out to keep them whole.
    """

    priority = 'VERY_LOW'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with what is about to be saved.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): Changed in place.
        """
        checkpoint['meta'] = redact(checkpoint['meta'])
        hub = checkpoint.get('message_hub')
        if hub and 'runtime_info' in hub:
            hub['runtime_info'] = redact(hub['runtime_info'])
