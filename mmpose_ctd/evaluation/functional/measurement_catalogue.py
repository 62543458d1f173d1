"""The standard measures of the face."""

from collections import Counter
from collections.abc import Mapping, Sequence

from mmpose_ctd.landmark_sides import canonical

from .measurements import Measurement, parse_measurements

# A brace stands for the side: _R, _L, or nothing where a set of one side
# names its landmarks without.
_ONE_SIDE = {
    'palpebral_fissure_length{}': ('exocanthion{}', 'endocanthion{}'),
}
_DISTANCES = {
    'inner_canthal_distance': ('endocanthion_R', 'endocanthion_L'),
    'outer_canthal_distance': ('exocanthion_R', 'exocanthion_L'),
    'nasal_width': ('alare_R', 'alare_L'),
    'alar_base_width': ('alar_base_R', 'alar_base_L'),
    'philtrum_length': ('subnasale', 'labrale_superius'),
    'philtrum_width': ('crista_philtri_R', 'crista_philtri_L'),
    'upper_lip_height': ('subnasale', 'stomion'),
    'upper_vermilion_height': ('labrale_superius', 'stomion'),
    'lower_vermilion_height': ('stomion', 'labrale_inferius'),
    'mouth_width': ('cheilion_R', 'cheilion_L'),
    'lower_face_height': ('subnasale', 'gnathion'),
}
_RATIOS = {
    'intercanthal_index': (
        'inner_canthal_distance',
        'outer_canthal_distance',
    ),
}


def standard_measurements(names: Sequence[str]) -> tuple[Measurement, ...]:
    """The usual measures that these landmarks allow.

    Names and landmarks as in L. G. Farkas (ed.), "Anthropometry of the Head
    and Face", 2nd ed., Raven Press 1994, with his abbreviations:

    =========================== ======== =================================
    measure                     points   there
    =========================== ======== =================================
    palpebral_fissure_length_R  ex-en    length of the eye fissure
    inner_canthal_distance      en-en    intercanthal width
    outer_canthal_distance      ex-ex    biocular width
    nasal_width                 al-al    morphological width of the nose
    alar_base_width             ac-ac    width between the alar bases
    philtrum_length             sn-ls    height of the cutaneous upper lip
    philtrum_width              cph-cph  width of the philtrum
    upper_lip_height            sn-sto   height of the upper lip
    upper_vermilion_height      ls-sto   vermilion height, upper lip
    lower_vermilion_height      sto-li   vermilion height, lower lip
    mouth_width                 ch-ch    width of the mouth
    lower_face_height           sn-gn    height of the lower face
    intercanthal_index          ratio    en-en / ex-ex (there in percent)
    =========================== ======== =================================

    Palpebral fissure length, philtrum and upper lip are the facial signs of
    fetal alcohol spectrum disorders (H. E. Hoyme et al., Pediatrics 138(2),
    2016). Published norms are of calipers on living faces, not of
    photographs.

    Args:
        names (Sequence[str]): The K landmarks, their sides in any spelling
            of :mod:`mmpose_ctd.landmark_sides`.

    Returns:
        tuple[Measurement, ...]: Those whose landmarks all exist. A measure
        of one side has the side of its landmarks, or none.

    Examples:
        >>> found = standard_measurements(['exocanthion_R', 'endocanthion_R'])
        >>> [one.name for one in found]
        ['palpebral_fissure_length_R']
    """
    known = _by_usual_name(names)
    distances = {
        name.format(side): tuple(point.format(side) for point in pair)
        for name, pair in _ONE_SIDE.items()
        for side in ('_R', '_L', '')
    } | _DISTANCES
    found = {
        name: Measurement(
            name, 'distance', tuple(known[point] for point in pair)
        )
        for name, pair in distances.items()
        if known.keys() >= set(pair)
    }
    for name, pair in _RATIOS.items():
        if found.keys() >= set(pair):
            found[name] = Measurement(name, 'ratio', pair)
    return tuple(found.values())


def _by_usual_name(names: Sequence[str]) -> dict[str, str]:
    """Name used here, such as exocanthion_R -> name in the set."""
    usual = {
        name: f'{words}_{side}' if side else words
        for name, (words, side) in zip(names, map(canonical, names))
    }
    many = Counter(usual.values())
    found = {own: name for name, own in usual.items() if many[own] == 1}
    return found | {name: name for name in names}


def measurements_of_set(
    dataset_meta: Mapping, given: Sequence | None = None
) -> tuple[Measurement, ...]:
    """What is measured in a set of landmarks.

    Args:
        dataset_meta (Mapping): Metainfo of a dataset, or ``dataset_meta`` of
            a model that was trained on one.
        given (Sequence, optional): Measures that a config lists.

    Returns:
        tuple[Measurement, ...]: Those of the config, else of the annotation
        file (``measurements`` in its metainfo), else the standard ones.

    Raises:
        InputError: If what is listed cannot be measured in this set.
    """
    by_id = dataset_meta.get('keypoint_id2name') or {}
    names = [by_id[k] for k in sorted(by_id)]
    if given is not None:
        return parse_measurements(given, names)
    own = dataset_meta.get('measurements')
    if own is not None:
        return parse_measurements(own, names, 'dataset_meta.measurements')
    return standard_measurements(names)
