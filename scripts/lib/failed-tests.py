#!/usr/bin/env python3
"""Which tests of a run failed, for a second look: from Swift Testing's xUnit report, one regular expression for each on a line.

    failed-tests.py REPORT [EXPECTED]

Ends with 1 where there is no second look: no report was written, because the run crashed; no test in it failed, so that
something else did; or more than MOST failed, which is no chance. With EXPECTED, the report of a second look, it also ends with
1 unless just so many tests were judged: a name that matches nothing would pass unseen.
"""
import re
import sys
from xml.etree import ElementTree

MOST = 5


def main(report, expected=None):
    try:
        tests = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 1
    if expected is not None:
        return 0 if len(tests) == int(expected) else 1
    failed = [test for test in tests if test.find("failure") is not None]
    for test in failed:
        # Suites within suites are told with a dot and chosen with a slash.
        suite = re.escape(test.get("classname")).replace(r"\.", "[./]")
        print(f"^{suite}/{re.escape(test.get('name'))}")
    return 0 if 0 < len(failed) <= MOST else 1


sys.exit(main(*sys.argv[1:]))
