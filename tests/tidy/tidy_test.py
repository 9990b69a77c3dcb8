#!/usr/bin/env python3
"""Each rule of tidy.py fires on a tree that breaks it, and is quiet on one that does not."""
import os
import tempfile
import unittest
from unittest import mock

import tidy

CLEAN = {
    'CMakeLists.txt': 'add_subdirectory(core)\nadd_subdirectory(store)\n',
    'core/CMakeLists.txt': 'add_library(core a.cc sub/b.cc)\nadd_unit_tests(core a_test.cc)\n',
    'core/README.md': 'core\n',
    'core/a.h': '#pragma once\n#include <string>\n',
    'core/a.cc': '#include "core/a.h"\n#include <rocksdb/db.h>\n',
    'core/a_test.cc': '#include "core/a.h"\n',
    'core/sub/README.md': 'sub\n',
    'core/sub/b.cc': '#include "core/a.h"\n',
    'store/CMakeLists.txt': 'add_library(store s.cc)\n',
    'store/README.md': 'store\n',
    'store/s.h': '#include "core/a.h"\n',
    'store/s.cc': '#include "store/s.h"\n',
}
BROKEN = [
    ('an include against the arrows', {'core/a.cc': '#include "store/s.h"\n'},
     'core includes store'),
    ('an include that is not from the root', {'core/a.cc': '#include "a.h"\n'},
     'no file from the root'),
    ('a library in a header', {'core/a.h': '#include <rocksdb/db.h>\n'}, 'a header shows'),
    ('a file that is too long', {'core/a.cc': '\n' * 601}, 'more than 600'),
    ('a line that is too wide', {'core/a.cc': '/' * 101 + '\n'}, '101 columns'),
    ('unfinished work', {'core/a.cc': '// TO' 'DO later\n'}, 'do it or file it'),
    ('a sleep in a test', {'core/a_test.cc': 'x.sleep_for(1s);\n'}, 'sleep_for in a test'),
    ('a source that is not built', {'core/c.cc': '\n'}, 'in no CMakeLists.txt'),
    ('a folder without a README', {'core/README.md': None}, 'has no README.md'),
    ('a sub-folder without a README', {'core/sub/README.md': None}, 'has no README.md'),
    ('a built file', {'core/a.o': 'x'}, 'generated file'),
    ('a generated text', {'core/a.cc': '// DO NOT ' 'EDIT\n'}, 'generated file'),
    ('code in an unknown folder', {'other/x.h': '\n', 'other/README.md': ''},
     'no place in the arrows'),
]


def breaks_of(changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **changes}.items():
            if text is None:
                continue
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf8') as file:
                file.write(text)
        with (mock.patch.object(tidy, 'THIRD_PARTY_HEADERS', {}),
              mock.patch.object(tidy, 'SLEEPING_TESTS', {})):
            return [f'{path}: {what}' for path, _, what in tidy.check(root)]


class TidyTest(unittest.TestCase):
    def test_a_clean_tree_has_no_breaks(self):
        self.assertEqual(breaks_of({}), [])

    def test_each_rule_fires_once_and_alone(self):
        for name, changes, expected in BROKEN:
            with self.subTest(name):
                found = breaks_of(changes)
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])


if __name__ == '__main__':
    unittest.main()
