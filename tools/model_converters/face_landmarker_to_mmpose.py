"""Turn MediaPipe's face_landmarker.task into a teacher's checkpoint.

mmpose_ctd convert-face-landmarker IN.task OUT.pth

IN.task may also be the tflite file in it; configs look for
face_landmarker.pth. `mmpose_ctd download face-landmarker` does the same after
getting the file.
"""

import sys

import mmpose_ctd  # noqa: F401  (makes MMPose importable)
from mmpose_ctd.apis.command_line import run_converter

if __name__ == '__main__':
    sys.exit(run_converter(__doc__, 'face-landmarker'))
