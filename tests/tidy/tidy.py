#!/usr/bin/env python3
"""tidy.py [ROOT] - the rules of the tree that no compiler holds.

Prints one line per break, `file:line: what; what to do`, and ends with 1 when there is one.
Looks at what git has or would take (ignored files are not looked at); without git, at every file.
"""
import os
import re
import subprocess
import sys

# Which folders a folder may include: the arrows. deploy and tests may include all.
ARROWS = {
    'core': {'core'},
    'store': {'store', 'core'},
    'collector': {'collector', 'core'},
    'query': {'query', 'store', 'core'},
    'alerts': {'alerts', 'query', 'store', 'core'},
    'ui': {'ui', 'query', 'store', 'core'},
}
FREE = {'deploy', 'tests'}

THIRD_PARTY = re.compile(
    r'^(boost/|rocksdb/|librdkafka/|simdjson|yaml-cpp/|CLI/|spdlog/|fmt/|zstd|zdict|zlib|curl/|'
    r're2/|protozero/|xxhash|openssl/|catch2/|benchmark/|snappy|roaring/|systemd/|google/)')
# Headers that may show a library's types, and why. They are inside their folder: no seam.
THIRD_PARTY_HEADERS = {
    'core/http/state.h': 'what the server and its sessions share; only their .cc files see it',
    'core/http/stream.h': 'plain and TLS streams of the sessions; only their .cc files see it',
    'core/http/websocket.h': 'sessions over a stream; only their .cc files see it',
    'core/kafka/mock_cluster.h': 'a broker for the tests of this folder',
    'collector/test_support.h': 'shared by the tests of this folder',
    'store/store_fixture.h': 'shared by the tests of this folder',
}
# Tests that may sleep, and why: never to wait for something.
SLEEPING_TESTS = {
    'collector/restart_test.cc': 'random pauses between random steps; nothing depends on them',
}
# Headers that the build makes, and where.
BUILT_HEADERS = {
}

MOST_LINES = 600
MOST_COLUMNS = 100
# A raw string in C++ cannot be broken; the web has a formatter of its own.
RAW_STRING = 'R"'
CODE = ('.h', '.cc', '.py', '.ts', '.tsx', '.js', '.mjs', '.css', '.cmake')
NARROW = ('.h', '.cc', '.py', '.cmake', 'CMakeLists.txt')
# Folders that hold data, not code, and need no README of their own.
DATA = ('tests/fuzz/corpus', 'tests/golden')

UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b')
SLEEP = re.compile(r'\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\(')
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
GENERATED_NAME = re.compile(
    r'(^|/)(build[^/]*|node_modules|dist|__pycache__|CMakeFiles)/|'
    r'\.(o|a|so|pyc|pb\.h|pb\.cc|min\.js|map|d\.ts|log|core|gcda|gcno|profraw)$|'
    r'(^|/)(compile_commands\.json|CMakeCache\.txt|build\.ninja)$')
GENERATED_TEXT = re.compile(r'\b(DO NOT ' r'EDIT|@gene' r'rated)\b')


def listed(root):
    """Paths from the root of what git has or would take."""
    try:
        out = subprocess.run(
            ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            check=True, capture_output=True).stdout.decode('utf8', 'surrogateescape')
        paths = {path for path in out.split('\0') if path}
    except (OSError, subprocess.CalledProcessError):
        paths = {os.path.relpath(os.path.join(where, name), root)
                 for where, _, names in os.walk(root) for name in names}
    return sorted(path for path in paths if os.path.isfile(os.path.join(root, path)))


def folder(path):
    return path.split('/', 1)[0] if '/' in path else ''


def check_includes(path, lines, known):
    mine = folder(path)
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quoted, target = found[1] == '"', found[2]
        if quoted:
            if target in BUILT_HEADERS:
                continue
            if target not in known:
                yield number, f'includes "{target}", no file from the root; write the whole path'
                continue
            theirs = folder(target)
            if mine in ARROWS and theirs not in ARROWS[mine]:
                may = ', '.join(sorted(ARROWS[mine]))
                yield number, f'{mine} includes {theirs} ("{target}"); it may include {may}'
        elif path.endswith('.h') and THIRD_PARTY.match(target):
            if path not in THIRD_PARTY_HEADERS:
                yield number, f'a header shows <{target}>; keep the library in a .cc'


def check_text(path, lines):
    if path.endswith(CODE) and len(lines) > MOST_LINES:
        yield len(lines), f'{len(lines)} lines, more than {MOST_LINES}; split it'
    for number, line in enumerate(lines, 1):
        if path.endswith(NARROW) and len(line) > MOST_COLUMNS and RAW_STRING not in line:
            yield number, f'{len(line)} columns, more than {MOST_COLUMNS}'
        if found := UNFINISHED.search(line):
            yield number, f'{found[0]}; do it or file it'
        if (path.endswith('_test.cc') and path not in SLEEPING_TESTS
                and (found := SLEEP.search(line))):
            yield number, f'{found[1]} in a test; wait for what you need instead'
        if GENERATED_TEXT.search(line):
            yield number, 'looks like a generated file; let the build make it'


def check_listed_in_cmake(path, root, cmakes):
    """A source must stand in a CMakeLists.txt of its folder or of one above."""
    where = os.path.dirname(path)
    while True:
        cmake = os.path.join(where, 'CMakeLists.txt') if where else 'CMakeLists.txt'
        if cmake in cmakes:
            inside = os.path.relpath(path, where) if where else path
            # `${PROJECT_SOURCE_DIR}/path` names it from anywhere.
            if re.search(r'(?<![\w./-])' + re.escape(inside) + r'(?![\w.-])', cmakes[cmake]):
                return
        if not where:
            break
        where = os.path.dirname(where)
    from_root = re.compile(r'DIR\}/' + re.escape(path) + r'(?![\w.-])')
    if any(from_root.search(text) for text in cmakes.values()):
        return
    yield 1, 'in no CMakeLists.txt; list it or delete it'


def read(root, path):
    with open(os.path.join(root, path), 'rb') as file:
        return file.read()


def check(root):
    paths = listed(root)
    known = set(paths)
    cmakes = {path: read(root, path).decode('utf8', 'replace') for path in paths
              if os.path.basename(path) == 'CMakeLists.txt'}
    needing_readme = set()
    for path in paths:
        if path.startswith(DATA):
            continue
        if GENERATED_NAME.search(path):
            yield path, 1, 'looks like a generated file; ignore it in .gitignore'
            continue
        where = os.path.dirname(path)
        if path.endswith(CODE) and where and where.count('/') < 2:
            needing_readme.update({where, folder(path)})
        data = read(root, path)
        if b'\0' in data:
            continue
        lines = data.decode('utf8', 'replace').splitlines()
        if path.endswith(('.h', '.cc')):
            if '/' in path and folder(path) not in ARROWS and folder(path) not in FREE:
                yield path, 1, f'code in {folder(path)}/, which has no place in the arrows'
            for number, what in check_includes(path, lines, known):
                yield path, number, what
        if path.endswith('.cc'):
            for number, what in check_listed_in_cmake(path, root, cmakes):
                yield path, number, what
        for number, what in check_text(path, lines):
            yield path, number, what
    for where in sorted(needing_readme):
        if f'{where}/README.md' not in known:
            yield where, 1, 'has no README.md; say what it owns, its invariants, what it refuses'
    for path in sorted({*THIRD_PARTY_HEADERS, *SLEEPING_TESTS} - known):
        yield 'tests/tidy/tidy.py', 1, f'an exception for {path}, which is gone; drop it'


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, '..', '..')
    breaks = list(check(os.path.abspath(root)))
    for path, number, what in breaks:
        print(f'{path}:{number}: {what}')
    print(f'tidy: {len(breaks)} breaks' if breaks else 'tidy: all rules hold')
    return 1 if breaks else 0


if __name__ == '__main__':
    sys.exit(main())
