"""Turn SFace's published ONNX file into a teacher's checkpoint.

mmpose_ctd convert-sface IN.onnx OUT.pth

IN.onnx is the OpenCV zoo's face_recognition_sface_2021dec.onnx; configs look
for sface.pth. `mmpose_ctd download sface` gets the file and does the same.
"""

import sys

import mmpose_ctd  # noqa: F401  (makes MMPose importable)
from mmpose_ctd.apis.command_line import run_converter

if __name__ == '__main__':
    sys.exit(run_converter(__doc__, 'sface'))
