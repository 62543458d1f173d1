"""What is to be compared: the plan that a user writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ['COMMAND_PLACES', 'Plan', 'Search', 'Study', 'System', 'Variant']

#: What a command may have in braces; see docs/compare.md.
COMMAND_PLACES = (
    *('data_root', 'ann_file', 'train', 'test', 'out', 'seed', 'budget'),
)


@dataclass(frozen=True)
class System:
    """One way to get landmarks.

    Attributes:
        name (str): What tables call it.
        config (str): A Runner's config file; ``''`` with a command.
        command (str): A program that trains and predicts by itself, with
            places of COMMAND_PLACES; ``''`` with a config.
        options (dict): Overrides of the config, dotted keys.
        environment (dict): Environment variables of its runs.
    """

    name: str
    config: str = ''
    command: str = ''
    options: Mapping = field(default_factory=dict)
    environment: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """What a study changes in each of its systems.

    Attributes:
        name (str): ``''`` for nothing.
        options (dict): Overrides of the config, dotted keys.
        steps (int, optional): Training steps, in place of the study's.
        config (str): A config file in place of the system's; ``''`` for its.
        environment (dict): Environment variables that differ.
    """

    name: str = ''
    options: Mapping = field(default_factory=dict)
    steps: int | None = None
    config: str = ''
    environment: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A part of the plan: systems x budgets x seeds x variants (x sites).

    Attributes:
        name (str): What tables call it.
        systems (tuple[str, ...]): Names of systems.
        budgets (dict[str, tuple[int, ...]]): System -> numbers of labels.
        seeds (dict[str, tuple[int, ...]]): System -> seeds.
        variants (tuple[Variant, ...]): What is changed, one after the other.
        held_out (tuple[str, ...]): Sites that are tested on and not trained
            on, one after the other; ``('',)`` for the common test set.
        options (dict): Overrides of all configs, dotted keys.
        steps (int, optional): Training steps; ``None`` for the plan's.
        environment (dict): Environment variables of its runs.
    """

    name: str
    systems: tuple[str, ...]
    budgets: Mapping[str, tuple[int, ...]]
    seeds: Mapping[str, tuple[int, ...]]
    variants: tuple[Variant, ...] = (Variant(),)
    held_out: tuple[str, ...] = ('',)
    options: Mapping = field(default_factory=dict)
    steps: int | None = None
    environment: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """How each system's settings are chosen, on validation subjects.

    Attributes:
        budget (int): Number of labels of a trial.
        seeds (tuple[int, ...]): A trial is judged by its mean error over
            them.
        pool (str): Split whose subjects may validate.
        subjects (int): How many do.
        trials (dict[str, tuple[dict, ...]]): System -> settings to try, each
            dotted key -> value.
        steps (int, optional): Training steps; ``None`` for the plan's.
    """

    budget: int
    seeds: tuple[int, ...]
    pool: str
    subjects: int
    trials: Mapping[str, tuple[dict, ...]]
    steps: int | None = None


@dataclass(frozen=True)
class Plan:
    """A comparison as its file tells it.

    Attributes:
        path (Path): The file.
        title (str): Of the report.
        baseline (str): The system that the others are compared with.
        work_dir (Path): Folder of logs, weights and the report.
        table (Path): The SQLite file of results.
        train_split (str): Split of the training subjects, with the places
            ``{budget}`` and ``{seed}``, such as
            ``'splits/train_n{budget:03d}_seed{seed}.txt'``.
        pool (str): Split of all subjects that may train, with ``{seed}``;
            where sites are held out, the others' subjects are drawn of it.
        test_split (str): Split of the test subjects.
        steps (int): Training steps.
        checkpoint_every (int): Steps after which a killed run can go on.
        threads (int): CPU threads of a run.
        keep_weights (bool): Whether trained weights stay in ``work_dir``.
        threshold (float): tau of AUC and FR, pixels of the image.
        systems (dict[str, System]): By name.
        studies (dict[str, Study]): By name.
        options (dict): Overrides of all configs, dotted keys.
        environment (dict): Environment variables of all runs.
        search (Search, optional): None to take all configs as they are.
    """

    path: Path
    title: str
    baseline: str
    work_dir: Path
    table: Path
    train_split: str
    pool: str
    test_split: str
    steps: int
    checkpoint_every: int
    threads: int
    keep_weights: bool
    threshold: float
    systems: Mapping[str, System]
    studies: Mapping[str, Study]
    options: Mapping = field(default_factory=dict)
    environment: Mapping = field(default_factory=dict)
    search: Search | None = None
