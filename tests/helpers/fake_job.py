"""Does a job of a comparison at once, without a network.

python -m fake_job FOLDER PARENT, as run_job. The errors of a test are the
learning rate of its config; FAKE_* in the environment make it misbehave.
"""

import json
import os
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Read by itself: the package's import takes longer than all of this.
_WATCH = 'mmpose_ctd/apis/comparing/parent_watch.py'


def end_with(parent: int) -> None:
    spec = spec_from_file_location('parent_watch', ROOT / _WATCH)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.end_with(parent, 0.05)


def main() -> None:
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    end_with(parent)
    job = json.loads((folder / 'job.json').read_text())
    with open('starts.txt', 'a') as file:
        file.write(f'{job["key"]} {os.environ["OMP_NUM_THREADS"]}\n')
    if os.environ.get('FAKE_CHILD'):
        child = subprocess.Popen(['sleep', '1000'])
        Path('child.txt').write_text(str(child.pid))
    (folder / 'progress.json').write_text('{"step": 2, "seconds": 8.0}')
    while os.environ.get('FAKE_WAIT') and not Path('go').exists():
        time.sleep(0.02)
    time.sleep(float(os.environ.get('FAKE_SECONDS', 0)))
    print('some chatter')
    if str(job['budget']) == os.environ.get('FAKE_FAIL'):
        print('error: it has no such key')
        print('and more chatter')
        sys.exit(2)
    if str(job['budget']) == os.environ.get('FAKE_DIE'):
        os.abort()
    tests = {}
    for test in job['tests']:
        text = Path(test['config']).read_text()
        rate = float(text.split('lr=')[1].split(',')[0].split(')')[0])
        tests[test['key']] = dict(
            errors=[[rate, None], [rate, rate]],
            subjects=[0, 1],
            sites=['north', ''],
            landmarks=['a', 'b'],
            test_set='abc',
            test_seconds=1.0,
            config_hash=test['config_hash'],
        )
    result = dict(
        started='2026-01-01T00:00:00+00:00', commit='c', environment={},
        seconds=4.0, resumed=0, tests=tests,
    )  # fmt: skip
    (folder / 'result.json').write_text(json.dumps(result))


if __name__ == '__main__':
    main()
