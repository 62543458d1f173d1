"""What one finished run of a comparison left behind."""

from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.evaluation.functional import image_errors

__all__ = ['RunRecord']


@dataclass(frozen=True)
class RunRecord:
    """A run of a plan, with its errors on every test image.

    N: test images, K: landmarks. No image or subject is named: subjects are
    numbers that mean the same in all records of one ``test_set``.

    Attributes:
        study (str): The part of the plan that it belongs to.
        system (str): Name of the system.
        variant (str): What the study varies, such as ``'loss_weight=100'``;
            ``''`` where it varies nothing.
        budget (int): Number of labelled training images.
        seed (int): Seed of the run, and of the draw of its training images.
        held_out (str): The site that was tested on and not trained on;
            ``''`` for the common test set.
        role (str): ``'final'``, tested on the test set, or ``'trial'`` of the
            search, tested on validation subjects.
        options (dict): What the run changed in its system's config.
        config_hash (str): Of the whole config, without paths.
        commit (str): Of the program; ends in ``+`` if it was changed.
        environment (dict): Versions and machine class.
        started (str): UTC, ISO 8601.
        seconds (float): Training alone, resumed parts included.
        test_seconds (float): Testing.
        steps (int): Training steps; 0 for systems that do not train so.
        test_set (str): The same for the same images and true points.
        landmarks (tuple[str, ...]): K names.
        subjects (np.ndarray): (N,) numbers, int.
        sites (tuple[str, ...]): N names of sites, ``''`` where unknown.
        errors (np.ndarray): (N, K) Euclidean distances in pixels of the
            image; NaN for invisible landmarks.
    """

    study: str
    system: str
    variant: str
    budget: int
    seed: int
    held_out: str
    role: str
    options: dict
    config_hash: str
    commit: str
    environment: dict
    started: str
    seconds: float
    test_seconds: float
    steps: int
    test_set: str
    landmarks: tuple[str, ...]
    subjects: np.ndarray = field(repr=False)
    sites: tuple[str, ...] = field(repr=False)
    errors: np.ndarray = field(repr=False)

    @property
    def image_errors(self) -> np.ndarray:
        """e_i, (N,): mean over an image's visible landmarks, in pixels;
        NaN without one."""
        return image_errors(self.errors)

    @property
    def mean_error(self) -> float:
        """ME in pixels of the image, over images that can be judged."""
        return float(np.nanmean(self.image_errors))
