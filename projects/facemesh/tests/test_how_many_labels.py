"""What labels of a new site and of other sites are worth."""

import numpy as np
from random_meshes import random_meshes

from projects.facemesh.how_many_labels import table_of_site


def test_an_annotator_who_places_landmarks_lower_needs_offsets_or_own_labels():
    meshes = random_meshes(1) + np.random.default_rng(0).normal(
        size=(60, 12, 3)
    )
    sites = np.repeat(['a', 'b'], 30)
    points = meshes[:, [3, 7], :2].copy()
    points[sites == 'b', :, 1] += 10
    table = table_of_site(meshes, points, sites, 'b', 2, numbers=(0, 10))
    assert np.isnan(table.loc[0, 'alone'])
    assert table.loc[0, 'pooled'] > 8
    assert table.loc[10, 'pooled'] > 3 * table.loc[10, 'alone']
    assert table.loc[10, 'pooled, site offsets'] < 1
