"""A set of 30 people, splits of them, and a toy network that trained."""

import copy

from landmark_set import landmark_content, logged, write_landmark_set
from mmengine.config import Config
from mmengine.runner import Runner
from trained_work_dir import training_config

NAMES = ('exocanthion_R', 'endocanthion_R', 'subnasale', 'labrale_superius')
PEOPLE = [f'c{i:03d}' for i in range(1, 31)]
SPLITS = dict(train=PEOPLE[:10], val=PEOPLE[10:20], test=PEOPLE[20:])
#: Four of the ten who trained test now, four calibrate.
REDRAWN = dict(
    train=PEOPLE[4:6] + PEOPLE[14:18] + PEOPLE[20:24],
    val=PEOPLE[6:14] + PEOPLE[28:],
    test=PEOPLE[:4] + PEOPLE[18:20] + PEOPLE[24:28],
)


def write_people(root, change=None):
    """One image of each person.

    Args:
        root (Path): Folder of the set.
        change (Callable, optional): Changes the annotations' content.
    """
    content = landmark_content(len(PEOPLE), NAMES)
    for subject, image in zip(PEOPLE, content['images']):
        image['subject'] = subject
    if change:
        change(content)
    return write_landmark_set(root, content, SPLITS)


def write_splits(root, splits):
    for name, people in splits.items():
        path = root / 'splits' / f'{name}.txt'
        path.write_text('\n'.join(people) + '\n')


def people_config(folder, root, **changes):
    """Of a toy training whose checkpoints know its people."""
    cfg = training_config(folder, root)
    cfg.default_hooks.provenance = dict(type='ProvenanceHook')
    cfg.custom_imports.imports = ['mmpose_ctd', 'toy_models']
    cfg.merge_from_dict(changes)
    return cfg


def train_people(folder, root, **changes):
    """Train two epochs; gives the config and the checkpoint."""
    cfg = people_config(folder, root, **changes)
    Runner.from_cfg(copy.deepcopy(cfg)).train()
    return cfg, folder / 'epoch_2.pth'


def run_test(cfg, checkpoint):
    """Test as MMPose's own tools/test.py does.

    Returns:
        list[str]: What is said in the log.
    """
    cfg = Config(copy.deepcopy(cfg.to_dict()))
    cfg.load_from = str(checkpoint)
    cfg.resume = False
    cfg.work_dir = f'{cfg.work_dir}_test'
    cfg.experiment_name += '_test'
    runner = Runner.from_cfg(cfg)
    with logged() as messages:
        assert 'landmark/ME' in runner.test()
    return messages
