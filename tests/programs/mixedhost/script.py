# SPDX-License-Identifier: Apache-2.0
"""A script whose extension is written in Go: script.py LIBRARY TIMES"""
import ctypes
import sys


def inner(library):
    library.Work()


def outer(library, times):
    for _ in range(times):
        inner(library)


outer(ctypes.CDLL(sys.argv[1]), int(sys.argv[2]))
