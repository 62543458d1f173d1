"""What averaging with a mirrored image does to landmarks of one side."""

import logging

from mmengine.logging import print_log

__all__ = ['FlipTestWarning']


class FlipTestWarning:
    """Says once that ``flip_test`` may average two different eyes.

    MMPose's ``flip_test`` averages an image's heat-maps with those of its
    mirror image, where each landmark takes its partner's place. Landmarks of
    one side have none: in a photograph of a whole face, the right eye's
    heat-map then has a peak on either eye, and the decoded point is wrong.
    """

    def __init__(self) -> None:
        self._told = False

    def look_at(self, data_samples: list) -> None:
        """Warn if the samples' landmarks have no partners."""
        if self._told or not data_samples:
            return
        partners = data_samples[0].metainfo.get('flip_indices')
        if partners is None or list(partners) != list(range(len(partners))):
            return
        self._told = True
        print_log(
            'model.test_cfg.flip_test=True, but no landmark has a partner on '
            'the other side: a mirrored image is averaged in place. That is '
            'right for midline landmarks, and where the images show one side '
            'alone; if they show whole faces, landmarks of one side are also '
            'looked for on the other: leave flip_test out.',
            'current',
            logging.WARNING,
        )
