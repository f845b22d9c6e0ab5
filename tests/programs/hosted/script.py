#!/usr/bin/env python3
"""Python with an extension that is Go: script.py LIBRARY N."""
import ctypes
import json  # a few more files are loaded first
import sqlite3
import sys

library = ctypes.CDLL(sys.argv[1])
library.Burst.argtypes = [ctypes.c_long]
library.Mallocs.restype = ctypes.c_ulong
library.Burst(int(sys.argv[2]))
print(json.dumps({"mallocs": library.Mallocs(), "sqlite": sqlite3.sqlite_version}), flush=True)
