/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a kernel program on instructions of a file. One uprobe_multi link where the kernel has it (one grace period
 * for all of them on detach), a perf event link for each instruction otherwise.
 *
 * Probes leave with whoever holds their descriptors, but not safely: the kernel reaches the target's pages in a way
 * that a pending SIGKILL interrupts, and then it gives up ("leaking uprobe") and leaves breakpoints in the target's
 * text. So a process killed while it attaches or detaches hurts its target. Therefore each attachment is held by a
 * small process of its own, which attaches, waits until we let go or are gone, whatever the way, and ends. What a
 * process holds is closed while it ends, where signals no longer reach it, and that is when the probes leave.
 *
 * There is no way in here to ask for a probe on a function's return: a Go stack that moves with a return trampoline on
 * it crashes the program.
 */
#ifndef ESCAUDIT_PROBE_ATTACH_H
#define ESCAUDIT_PROBE_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "symbolize/elf_image.h"

struct bpf_map;
struct bpf_program;

enum attach_method {
	ATTACH_MULTI, /* uprobe_multi: Linux 6.6 and later */
	ATTACH_PERF,  /* perf events: Linux 4.17 and later */
};

const char *attach_method_name(enum attach_method method);

/*
 * Finds out, by trying, what this kernel can do: uprobe_multi with a process filter that covers every thread. Its first
 * releases matched only one thread of a process; those count as not having it. force_perf skips the question (and lets
 * the fallback be tested).
 */
enum attach_method attach_method_detect(bool force_perf);

/* Prepares a program for the method. Call between open and load. */
void attach_prepare(struct bpf_program *program, enum attach_method method);

struct attachment;

/*
 * Attaches program at n offsets of the file behind fd, for the process pid (its thread group), or for every process
 * that maps the file if pid is 0. cookies[i] goes with offsets[i]; on a kernel without attach cookies it is left in the
 * last element of counters, a per-CPU array, before the program runs. Both may be NULL. On success every probe is
 * armed. The errors name the privilege or the kernel feature that is missing.
 */
int attachment_new(struct attachment **out, enum attach_method method, struct bpf_program *program,
		   const struct bpf_map *counters, int fd, pid_t pid, const elf_offset *offsets,
		   const uint64_t *cookies, size_t n, struct error *err);
/* Whether the probes are still in place: not if somebody killed their holder. */
bool attachment_is_live(const struct attachment *attachment);
/* The process that holds the probes: they are gone when it has ended. */
pid_t attachment_holder(const struct attachment *attachment);
/* Takes the probes out; returns when they are gone. Accepts NULL. */
void attachment_free(struct attachment *attachment);

#endif
