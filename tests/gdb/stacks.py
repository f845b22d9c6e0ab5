# SPDX-License-Identifier: Apache-2.0
"""What gdb says of mixed stacks: run inside gdb by tests/gdb/stacks.

The program stops at each of the lines given, which are in Go functions that C calls, and whenever C enters Go (at the first
instruction of crosscall2). gdb passes neither border: behind runtime.cgocallback it finds the older Go frames, by what the runtime left
on the goroutine's stack, and C frames end at runtime.asmcgocall. So a stack is put together from what gdb found on the
way in: the Go frames, and behind each runtime.cgocallback the C frames of that entry.

Environment: STACKS_LINES, "FILE:LINE ..."; STACKS_MAX, how many stops at each are enough; STACKS_OUT, where the result goes: one JSON
list, [[FRAME...]...], each stack once, the innermost frame first, FRAME as frame_of has it. How often a stack
came is not told: gdb stops twice where a signal comes between.
"""
import json
import os

import gdb

AT_ENTRY = "crosscall2"
entries = {}  # of each thread: [(stack pointer, C frames)], the innermost last
stacks = {}


bases = {}


def base_of(module):
    """Where the file's first page is mapped; 0 for a program that has one place only."""
    if module not in bases:
        with open(module, "rb") as file:
            fixed = file.read(18)[16] == 2  # ET_EXEC
        starts = []
        with open("/proc/%d/maps" % gdb.selected_inferior().pid) as maps:
            for line in maps:
                fields = line.split(None, 5)
                if len(fields) == 6 and os.path.realpath(fields[5].strip()) == module:
                    starts.append(int(fields[0].split("-")[0], 16))
        bases[module] = 0 if fixed or not starts else min(starts)
    return bases[module]


def frame_of(frame):
    """name, file, line; module and offset in it of what is executed next there; kind: "", "inline", "signal"."""
    sal = frame.find_sal()
    pc = frame.pc()
    kind = {gdb.INLINE_FRAME: "inline", gdb.SIGTRAMP_FRAME: "signal"}.get(frame.type(), "")
    name = frame.name()
    if frame.function() is not None:
        name = frame.function().name
    module = gdb.solib_name(pc) or gdb.current_progspace().filename
    module = os.path.realpath(module) if module else None
    return {
        "name": name,
        "file": sal.symtab.fullname() if sal.symtab else None,
        "line": sal.line if sal.symtab else 0,
        "module": module,
        "offset": pc - base_of(module) if module else pc,
        "kind": kind,
    }


def frames_from(frame):
    found = []
    while frame is not None and frame.is_valid():
        # gdb infers calls that left no frame; nobody else can. Behind the outermost may come one more, at address 0.
        if frame.type() != gdb.TAILCALL_FRAME and frame.pc() != 0:
            found.append(frame_of(frame))
        try:
            frame = frame.older()
        except gdb.error:
            break
    return found


def c_frames(frame):
    """Those between crosscall2, which frame is, and Go, or the beginning of the thread."""
    found = []
    for one in frames_from(frame.older()):
        if (one["name"] or "").startswith("runtime."):
            break
        found.append(one)
    return found


def go_entry():
    frame = gdb.newest_frame()
    sp = int(frame.read_register("rsp"))
    mine = entries.setdefault(gdb.selected_thread().num, [])
    # Entries that have returned lie below this one, which has not been made yet.
    while mine and mine[-1][0] <= sp:
        mine.pop()
    mine.append((sp, c_frames(frame)))


def at_line():
    mine = list(entries.get(gdb.selected_thread().num, []))
    stack = []
    skip = False
    for one in frames_from(gdb.newest_frame()):
        name = one["name"] or ""
        # What the runtime left for whoever comes by: no call.
        if skip and name in ("", "runtime.systemstack_switch", "runtime.goexit"):
            if name != "runtime.goexit":
                continue
            break
        skip = False
        stack.append(one)
        if name == "runtime.cgocallback":
            stack += mine.pop()[1] if mine else [{"name": "(gdb saw no entry)", "file": None, "line": 0, "module": "", "offset": 0, "kind": ""}]
            skip = True
    stacks[json.dumps(stack)] = True


class EntryBreakpoint(gdb.Breakpoint):
    def stop(self):
        go_entry()
        return False


class LineBreakpoint(gdb.Breakpoint):
    seen = 0

    def stop(self):
        at_line()
        self.seen += 1
        if self.seen >= int(os.environ.get("STACKS_MAX", "400")):
            self.enabled = False
        return False


def entry_addresses():
    """Of every crosscall2 there is: each Go library has one."""
    found = set()
    for line in gdb.execute("info line -function crosscall2", to_string=True).splitlines():
        for word in line.replace("<", " ").split():
            if word.startswith("0x"):
                found.add(int(word, 16))
                break
    return found


known = set()


def set_entries(_event=None):
    try:
        new = entry_addresses() - known
    except gdb.error:
        return
    for address in new:
        known.add(address)
        EntryBreakpoint("*%#x" % address, internal=True)


def main():
    for setting in (
        "confirm off", "pagination off", "width 0", "breakpoint pending on", "disable-randomization off", "auto-load off",
        "debuginfod enabled off", "backtrace past-main on", "backtrace past-entry off", "backtrace limit 1000", "print thread-events off",
    ):
        try:
            gdb.execute("set " + setting)
        except gdb.error:
            pass
    gdb.execute("handle SIGURG SIGUSR1 SIGUSR2 SIGPIPE nostop noprint pass", to_string=True)
    gdb.execute("starti")
    set_entries()
    gdb.events.new_objfile.connect(set_entries)
    for line in os.environ["STACKS_LINES"].split():
        LineBreakpoint(line)
    gdb.execute("continue")
    alive = bool(gdb.selected_inferior().pid)
    if alive:
        gdb.execute("kill")
    with open(os.environ["STACKS_OUT"], "w") as out:
        json.dump([json.loads(stack) for stack in stacks], out)


main()
