"""The console command ``mmpose_ctd``: runs the tools by short names."""

import sys
from pathlib import Path
from types import ModuleType

COMMANDS = {
    'prepare': ('dataset_converters/prepare_dataset', 'make a set'),
    'check': ('dataset_converters/check_dataset', 'look for wrong labels'),
    'split': (
        'dataset_converters/make_splits',
        'draw training and test people',
    ),
    'init': ('misc/init_config', 'write a config for a prepared set'),
    'train': ('train', 'train a landmark detector'),
    'test': ('test', 'ME, AUC and FR of a checkpoint'),
    'calibrate': ('analysis_tools/calibrate', 'learn intervals for measures'),
    'measure': ('analysis_tools/measure', 'measure a folder of photographs'),
    'lift': ('analysis_tools/lift', 'from a texture to millimetres'),
    'annotators': ('analysis_tools/annotators', 'compare two annotators'),
    'prelabel': ('analysis_tools/prelabel', 'write points to correct'),
    'report': ('analysis_tools/report', 'an HTML page about trained models'),
    'export': ('misc/export', 'a model as ONNX, with a program to run it'),
    'compare': ('analysis_tools/compare', 'run and report a study'),
    'seed-table': ('analysis_tools/seed_table', 'compare a few runs'),
    'download': ('misc/download', 'get a teacher'),
    'demo': ('misc/demo', 'best.py without and with CTD-ED on a few faces'),
    'synthetic-faces': ('misc/make_synthetic_faces', 'draw labelled faces'),
    'delta-weights': ('model_converters/delta_weights', "DELTA's weights"),
    'convert-sface': ('model_converters/sface_to_mmpose', 'SFace for MMPose'),
    'convert-face-landmarker': (
        'model_converters/face_landmarker_to_mmpose',
        "MediaPipe's face landmarker for MMPose",
    ),
    'convert-vggface2': (
        'model_converters/vggface2_to_mmpose',
        'VGGFace2 for MMPose',
    ),
    'doctor': (None, 'check the installation'),
}


def tools_folder() -> Path:
    """``tools/`` of the checkout, else the copy in the wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / 'tools'
    if (checkout / 'train.py').is_file():
        return checkout
    return package / '.mim' / 'tools'


def main() -> int | None:
    """Run ``mmpose_ctd COMMAND [arguments of the tool]``; the exit status."""
    name = sys.argv[1] if len(sys.argv) > 1 else '--help'
    if name in ('-h', '--help'):
        print('usage: mmpose_ctd COMMAND [ARGUMENTS]\n\ncommands:')
        for command, (_, does) in COMMANDS.items():
            print(f'  {command:<20} {does}')
        print('\nmmpose_ctd COMMAND --help shows the arguments of a command.')
        return 0
    if name not in COMMANDS:
        print(
            f'mmpose_ctd: no command {name!r}; expected one of '
            f'{", ".join(COMMANDS)}.',
            file=sys.stderr,
        )
        return 2
    del sys.argv[1]
    if name == 'doctor':
        from mmpose_ctd.doctor import main as doctor

        return doctor()
    path = tools_folder() / f'{COMMANDS[name][0]}.py'
    # Not runpy, which would show the file's name in the tool's help.
    sys.argv[0] = f'mmpose_ctd {name}'
    script = ModuleType('__main__')
    script.__file__ = str(path)
    sys.modules['__main__'] = script
    exec(compile(path.read_bytes(), path, 'exec'), script.__dict__)
    return None


if __name__ == '__main__':
    sys.exit(main())
