"""Values against an interpreter: test_face_landmarker_checkpoint.py."""

import torch
from refusals import refused

from mmpose_ctd.models.heads import FaceLandmarkerV2Head


@torch.no_grad()
def test_points_and_presence_of_the_last_map():
    torch.manual_seed(0)
    head = FaceLandmarkerV2Head().eval()
    feats = torch.rand(3, 64, 8, 8), torch.rand(3, 128, 4, 4)
    points, presence = head(feats)
    assert points.shape == (3, 478, 3) and presence.shape == (3,)
    assert ((presence > 0) & (presence < 1)).all()
    alone = head((feats[1][1:2],))
    torch.testing.assert_close(alone.points, points[1:2])


def test_the_map_of_another_input_size_is_refused():
    with refused('FaceLandmarkerV2Head: input', found='5 x 4'):
        FaceLandmarkerV2Head()((torch.rand(1, 128, 4, 5),))
