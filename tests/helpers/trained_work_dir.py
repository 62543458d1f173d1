"""Work dirs as a training leaves them: toy networks, labelled noise images."""

import json
from pathlib import Path

from landmark_set import landmark_content, write_landmark_set
from mmengine.runner import Runner
from PIL import Image
from toy_models import CODEC, PIPELINE, model_config, runner_config

NAMES = ('exocanthion_R', 'endocanthion_R', 'subnasale', 'labrale_superius')
#: Of the images; none of these may reach a report.
SUBJECTS = [f'jane_doe_{i:02d}' for i in range(9)]
SECRET = 'taken-at-ward-seven'


def write_patients(root, num_images=18, change=None, names=NAMES):
    """A set whose ids, files and photographs would tell who it shows.

    Args:
        root (Path): Its folder.
        num_images (int): Two a subject.
        change (Callable, optional): Changes the annotations' content.
        names (Sequence[str]): The landmarks.
    """
    content = landmark_content(num_images, names)
    for i, image in enumerate(content['images']):
        image['subject'] = SUBJECTS[i // 2]
        image['file_name'] = f'{SUBJECTS[i // 2]}_visit{i % 2}.jpg'
        image['mm_per_px'] = 0.4
    if change:
        change(content)
    splits = dict(train=SUBJECTS[:4], val=SUBJECTS[4:6], test=SUBJECTS[6:])
    write_landmark_set(root, content, splits)
    for file in (root / 'images').glob('*.jpg'):
        exif = Image.Exif()
        exif[0x010E] = SECRET
        with Image.open(file) as image:
            image.load()
        image.save(file, exif=exif, comment=SECRET.encode())
    return root


def loader(root, split, codec):
    pipeline = [
        dict(type='LoadLandmarkImage'),
        PIPELINE[1],
        dict(PIPELINE[2], input_size=codec['input_size']),
        dict(type='GenerateTarget', encoder=codec),
        PIPELINE[-1],
    ]
    return dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='CIFASDDataset',
            data_root=str(root),
            ann_file='annotations/landmarks.json',
            split=f'splits/{split}.txt',
            pipeline=pipeline,
        ),
    )


def training_config(folder, root, seed=0, head=None, metric=None, k=4):
    """Config of a training of the toy network."""
    model = model_config()
    model.pop('teacher')
    model['head'].update(out_channels=k)
    if head:
        model['head'] = head
    codec = model['head']['decoder']
    metric = metric or dict(type='LandmarkErrorMetric', num_bootstrap=200)
    return runner_config(
        folder,
        model,
        train_dataloader=loader(root, 'train', codec),
        val_dataloader=loader(root, 'val', codec),
        test_dataloader=loader(root, 'test', codec),
        val_evaluator=metric,
        test_evaluator=metric,
        randomness=dict(seed=seed),
        custom_imports=dict(imports=['toy_models']),
        visualizer=dict(
            type='PoseLocalVisualizer',
            vis_backends=[dict(type='LocalVisBackend')],
            name=f'visualizer_{Path(folder).name}_{seed}',
        ),
    )


def train(folder, root, **changes):
    """Train two epochs; the folder is what ``tools/train.py`` leaves."""
    config = training_config(folder, root, **changes)
    runner = Runner.from_cfg(config)
    runner.train()
    return Path(folder)


REGRESSION = dict(
    type='RegressionHead',
    in_channels=8 * (CODEC['heatmap_size'][0]) ** 2,
    num_joints=4,
    loss=dict(type='SmoothL1Loss', use_target_weight=True),
    decoder=dict(type='RegressionLabel', input_size=CODEC['input_size']),
)


def annotations(root):
    file = root / 'annotations' / 'landmarks.json'
    return file, json.loads(file.read_text())
