"""The files that OSS-Fuzz, ClusterFuzzLite and GitHub read say what these know.

The names are those of google/clusterfuzzlite's actions/*/action.yml at v1, of
its docs/running-clusterfuzzlite/github_actions.md, and of OSS-Fuzz's
docs/getting-started/new_project_guide.md.
"""
import glob
import os
import re
import sys

import yaml

SANITIZERS = {'address', 'undefined', 'memory'}
ENGINES = {'libfuzzer', 'afl', 'honggfuzz', 'centipede'}
BOTH = {'language', 'dry-run', 'sanitizer', 'storage-repo',
        'storage-repo-branch', 'storage-repo-branch-coverage', 'github-token'}
ACTIONS = {
    'google/clusterfuzzlite/actions/build_fuzzers@v1': BOTH | {
        'allowed-broken-targets-percentage', 'project-src-path',
        'bad-build-check', 'upload-build'},
    'google/clusterfuzzlite/actions/run_fuzzers@v1': BOTH | {
        'fuzz-seconds', 'mode', 'report-unreproducible-crashes'},
}
MODES = {'pr': 'code-change', 'batch': 'batch', 'prune': 'prune',
         'coverage': 'coverage'}
PROJECT = {'homepage', 'main_repo', 'language', 'primary_contact', 'auto_ccs',
           'vendor_ccs', 'fuzzing_engines', 'sanitizers', 'architectures',
           'help_url'}


def workflow(name, mode):
  path = f'.github/workflows/cflite_{name}.yml'
  with open(path) as file:
    content = yaml.safe_load(file)
  # YAML 1.1, which this reads, takes `on` for true; GitHub does not.
  assert set(content) == {'name', True, 'permissions', 'jobs'}, path
  assert 'workflow_dispatch' in content[True], path
  (job,) = content['jobs'].values()
  matrix = set(job.get('strategy', {}).get('matrix', {}).get('sanitizer', []))
  assert matrix <= SANITIZERS, path
  build, run = job['steps']
  for step, action in zip((build, run), ACTIONS):
    assert step['uses'] == action, (path, step['uses'])
    unknown = set(step['with']) - ACTIONS[action]
    assert not unknown, (path, unknown)
    assert step['with']['language'] == 'c++', path
  assert build['with']['sanitizer'] == run['with']['sanitizer'], path
  assert run['with']['mode'] == mode, path
  assert 'github-token' in run['with'] and 'fuzz-seconds' in run['with'], path
  return matrix


def dockerfile(path):
  with open(path) as file:
    text = file.read()
  lines = [line for line in re.sub(r'\\\n', ' ', text).splitlines()
           if line and not line.startswith('#')]
  words = [line.split()[0] for line in lines]
  assert words[0] == 'FROM', path
  assert set(words) <= {'FROM', 'RUN', 'COPY', 'WORKDIR'}, (path, words)
  assert 'gcr.io/oss-fuzz-base/base-builder' in lines[0], path
  assert lines[-1] == 'WORKDIR $SRC/vmtrunc', path
  hosts = set(re.findall(r'https?://([^/ ]*)', text))
  assert hosts <= {'github.com'}, (path, hosts)
  return re.findall(r'--branch (\S+)', text)


def main():
  for name, mode in MODES.items():
    workflow(name, mode)
  assert {os.path.basename(path) for path in
          glob.glob('.github/workflows/cflite_*.yml')} == {
              f'cflite_{name}.yml' for name in MODES}

  with open('ci/oss-fuzz/project.yaml') as file:
    project = yaml.safe_load(file)
  assert set(project) <= PROJECT, set(project) - PROJECT
  assert project['language'] == 'c++'
  assert set(project['sanitizers']) <= SANITIZERS
  assert set(project['fuzzing_engines']) <= ENGINES
  for name in ('pr', 'batch'):  # both services fuzz with the same
    assert workflow(name, MODES[name]) == set(project['sanitizers']), name
  with open('.clusterfuzzlite/project.yaml') as file:
    assert yaml.safe_load(file) == {'language': 'c++'}

  # Both build with one abseil.
  assert dockerfile('ci/oss-fuzz/Dockerfile') == dockerfile(
      '.clusterfuzzlite/Dockerfile')
  return 0


if __name__ == '__main__':
  sys.exit(main())
