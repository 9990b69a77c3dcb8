"""Adds up JUnit files and prints the closing line: N passed, N failed.

A Catch2 program is one ctest test; its own summary says how many cases it ran.
"""
import os
import re
import sys
import xml.etree.ElementTree as xml


def count(case):
    """(passed, failed) of one <testcase>."""
    failed = case.find("failure") is not None or case.find("error") is not None
    if case.find("skipped") is not None:
        return 0, 0
    output = case.findtext("system-out") or ""
    whole = re.search(r"All tests passed \(\d+ assertions? in (\d+) test cases?\)", output)
    if whole and not failed:
        return int(whole.group(1)), 0
    part = re.search(r"test cases:\s*(\d+)(?: \|\s*(\d+) passed)?(?: \|\s*(\d+) failed)?", output)
    if part and failed:
        return int(part.group(2) or 0), max(1, int(part.group(3) or 0))
    return (0, 1) if failed else (1, 0)


def main(paths):
    passed = failed = 0
    for path in paths:
        if not os.path.exists(path):
            print(f"{os.path.basename(path)}: the suite did not finish")
            failed += 1
            continue
        for case in xml.parse(path).iter("testcase"):
            good, bad = count(case)
            passed, failed = passed + good, failed + bad
            if bad:
                print("FAILED", case.get("classname") or "", case.get("name"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
