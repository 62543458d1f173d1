"""Trains at once, without a network; FAKE_* make it misbehave.

The current folder gets a line a start in ``starts.txt``.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

work_dir = Path(sys.argv[sys.argv.index('--work-dir') + 1])
facts = json.loads((work_dir / 'run.json').read_text())['facts']
with open('starts.txt', 'a') as file:
    gpu = os.environ.get('CUDA_VISIBLE_DEVICES', '-')
    print(work_dir.name, os.environ['OMP_NUM_THREADS'], gpu, file=file)
if os.environ.get('FAKE_CHILD'):
    child = subprocess.Popen(['sleep', '1000'])
    Path('child.txt').write_text(f'{os.getpid()} {child.pid}')
while os.environ.get('FAKE_WAIT') and not Path('go').exists():
    time.sleep(0.02)
print('some chatter')
if str(facts['budget']) == os.environ.get('FAKE_FAIL'):
    print('error: it has no such key')
    print('and more chatter')
    sys.exit(2)
if str(facts['budget']) == os.environ.get('FAKE_DIE'):
    os.abort()
(work_dir / f'iter_{facts["steps"]}.pth').touch()
found = dict(seconds=4.0, commit='c', environment={})
(work_dir / 'training.json').write_text(json.dumps(found))
