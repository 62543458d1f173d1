"""Compares people with those who trained a checkpoint."""

import os
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from mmengine.config import Config

from mmpose_ctd.config_values import entry
from mmpose_ctd.datasets.cifasd_dataset import CIFASDDataset
from mmpose_ctd.datasets.landmark_file import subject_of
from mmpose_ctd.datasets.split_selection import image_line
from mmpose_ctd.datasets.subject_key import (
    fingerprint,
    hash_subjects,
    key_file,
    make_key,
    read_key,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.people_overlap import stated_overlap
from mmpose_ctd.trained import check_same_split, trained_split

#: Its name in the ``meta`` of checkpoints.
PEOPLE_KEY = 'training_people'


@dataclass
class _People:
    """Subjects of a dataset, and the number of its images without one.

    An image without a subject counts as itself, ``image:<file_name>``.
    """

    subjects: set[str] = field(default_factory=set)
    nameless: int = 0


def _people_by_set(dataset) -> dict[str, _People]:
    """Annotation file -> all people in its images, labelled or not.

    The dataset is a :class:`.CIFASDDataset`, or a wrapper of some. The people
    of other datasets are unknown.
    """
    found: dict[str, _People] = {}
    for part in _parts(dataset):
        if not isinstance(part, CIFASDDataset):
            continue
        people = found.setdefault(part.ann_file, _People())
        images = part.data_prefix['img']
        for i in range(len(part)):
            info = part.get_data_info(i)
            subject = subject_of(info)
            if not subject:
                people.nameless += 1
                name = os.path.relpath(info['img_path'], images)
                subject = image_line(name.replace(os.sep, '/'))
            people.subjects.add(subject)
    return found


def _parts(dataset) -> Iterator:
    """The datasets inside of mmengine's and MMPose's wrappers."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and not isinstance(dataset, CIFASDDataset):
        inner = [d for d in [getattr(dataset, 'dataset', None)] if d]
    if not inner:
        yield dataset
        return
    for part in inner:
        yield from _parts(part)


def people_record(dataset) -> dict:
    """Who trains, for a checkpoint: keyed hashes, nothing that names anyone.

    Makes the key of the data set if it has none. Returns ``hashes``
    (fingerprint of a key -> sorted hashes), ``nameless`` (images without
    subject), ``missing`` (what is not known of whom).

    Raises:
        InputError: If a key file is damaged.
    """
    record = dict(hashes={}, nameless=0, missing=[])
    for ann_file, people in _people_by_set(dataset).items():
        record['nameless'] += people.nameless
        try:
            key = make_key(key_file(ann_file))
        except OSError as error:
            record['missing'].append(
                'the folder of the data set could not be written '
                f'({error.strerror}), so it has no key'
            )
            continue
        known = record['hashes'].setdefault(fingerprint(key), [])
        known[:] = sorted({*known, *hash_subjects(key, people.subjects)})
    return record


def joined_records(record: dict, start: dict | None) -> dict:
    """The people of a training and of the checkpoint that it started from.

    ``start`` is the ``meta`` of that checkpoint.
    """
    if not start:
        return record
    before = _record(start)
    if before is None:
        if entry(start.get('dataset_meta'), 'dataset_name') != 'cifasd':
            # Published weights, of other people than a clinic's.
            return record
        before = dict(
            hashes={},
            nameless=0,
            missing=['it started from a checkpoint that does not name them'],
        )
    hashes = {
        key: sorted({*record['hashes'].get(key, ()), *more})
        for key, more in before['hashes'].items()
    }
    return dict(
        hashes=record['hashes'] | hashes,
        nameless=max(record['nameless'], before['nameless']),
        missing=sorted({*record['missing'], *before['missing']}),
    )


def _record(meta) -> dict | None:
    """A checkpoint's record; ``None`` where it has none, or a damaged one."""
    found = entry(meta, PEOPLE_KEY)
    hashes = entry(found, 'hashes')
    if not isinstance(hashes, dict) or not all(
        isinstance(key, str) and isinstance(value, list)
        for key, value in hashes.items()
    ):
        return None
    missing, nameless = found.get('missing'), found.get('nameless')
    return dict(
        hashes=hashes,
        nameless=nameless if isinstance(nameless, int) else 0,
        missing=[*map(str, missing)] if isinstance(missing, list) else [],
    )


class PeopleComparison(NamedTuple):
    """What is known of people and a training.

    Attributes:
        trained (set[str]): Who of them trained.
        note (str): A sentence on who could not be compared; empty without.
        comparable (bool): Whether anybody was compared.
    """

    trained: set
    note: str = ''
    comparable: bool = True


def compare_people(
    content: dict, ann_file: str, subjects: Set[str], nameless: int = 0
) -> PeopleComparison:
    """Look people of a data set up among those who trained a checkpoint.

    ``ann_file`` is next to the key of the ``subjects``; ``nameless`` is the
    number of images among them that have no subject.

    Raises:
        InputError: If the key file is damaged.
    """
    unknown = 'cannot be compared with those who trained the checkpoint'
    record = _record(content.get('meta'))
    key = record and read_key(key_file(ann_file))
    own = record['hashes'].get(fingerprint(key)) if key else None
    if own is None:
        if record is None:
            why = 'it was made by a version that did not keep them'
        elif not record['hashes']:
            why = '; '.join(record['missing']) or 'it names nobody'
        elif key:
            why = (
                'their data set has another key (subject_key.txt) than that '
                'of the training: it is another set, or was rebuilt'
            )
        else:
            why = (
                'their data set has no subject_key.txt; copy it from the '
                "training's"
            )
        return PeopleComparison(set(), f'people {unknown}: {why}.', False)
    missing = list(record['missing'])
    if nameless or record['nameless']:
        missing.append(
            f'{nameless} images here and {record["nameless"]} of the '
            'training have no subject'
        )
    note = f'some people {unknown}: {"; ".join(missing)}.' if missing else ''
    mine = hash_subjects(key, subjects)
    return PeopleComparison({mine[code] for code in {*own} & {*mine}}, note)


def compare_tested(
    path: str, content: dict, cfg: Config, dataset
) -> list[str]:
    """Compare a test set's people with those who trained a checkpoint.

    People on both sides are an error where the config's splits keep them
    apart: then the splits are not those of the training, and the result would
    pass for one on new faces. Where the config itself puts them on both sides,
    as a split by image does, it is intended, and a warning.

    ``dataset`` is that of ``cfg.test_dataloader``, built. Returns warnings, a
    sentence each, without names.

    Raises:
        InputError: If somebody tests who trained, and the config does not
            say so; or a key file is damaged.
    """
    warnings: list[str] = []
    for ann_file, people in _people_by_set(dataset).items():
        found = compare_people(
            content, ann_file, people.subjects, people.nameless
        )
        if found.trained:
            both = (
                f'{len(found.trained)} of the {len(people.subjects)} test '
                'people'
            )
            if not found.trained <= stated_overlap(cfg):
                raise InputError(
                    where=path,
                    found=f'{both} trained this checkpoint, though the '
                    "config's splits keep training and test apart",
                    expected='people whom it has not seen: errors would be '
                    'too small',
                    cure=_other_splits(content),
                )
            warnings.append(
                f'{both} trained this checkpoint: errors on them say nothing '
                'about new faces.'
            )
        if found.note:
            warnings.append(found.note)
    return list(dict.fromkeys(warnings))


def _other_splits(content: dict) -> str:
    """What to do where the splits are not those of the training."""
    given = trained_split(content)
    return (
        'The splits were drawn again or edited after the training, or the '
        'config names others. Restore those of the training'
        + (f' (train_dataloader.dataset.split={given})' if given else '')
        + ', or train again.'
    )


def refuse_calibrating(
    path: str, content: dict, cfg: Config, training, subjects: Set[str]
) -> str:
    """Refuse to calibrate with people who trained, or by another training.

    Errors on people who trained are too small, and so would be every interval
    made of them. Of checkpoints that cannot be compared, the names of the
    training splits are.

    ``training`` is the dataset of ``cfg.train_dataloader``, built; people of
    the same set are to calibrate. Returns a sentence on who could not be
    compared; empty where all could.

    Raises:
        InputError: If one of them trained, or the config's training subjects
            did not.
    """
    notes = []

    def refused(found: str, expected: str) -> InputError:
        cure = _other_splits(content)
        return InputError(
            where=path, found=found, expected=expected, cure=cure
        )

    for ann_file, people in _people_by_set(training).items():
        found = compare_people(content, ann_file, subjects)
        if not found.comparable:
            check_same_split(path, trained_split(content), cfg)
            notes.append(found.note)
            continue
        if found.trained:
            raise refused(
                f'{len(found.trained)} of the {len(subjects)} people who are '
                'to calibrate trained this checkpoint',
                'people whom it has not seen',
            )
        theirs = compare_people(
            content, ann_file, people.subjects, people.nameless
        )
        others = len(people.subjects - theirs.trained)
        if others:
            raise refused(
                f'{others} of the {len(people.subjects)} people of the '
                "config's "
                'train_dataloader did not train this checkpoint',
                'those who did: they show what faces it knows',
            )
        notes.append(theirs.note)
    return ' '.join(dict.fromkeys(filter(None, notes)))
