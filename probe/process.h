/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running process as a target: which of its files holds the Go runtime, opened as the process has it mapped, whatever
 * the path leads to by now (replaced and deleted files, other mount and pid namespaces).
 *
 * Usually that is the program itself. In a C program that loads a c-shared library it is the library. A Go program's
 * plugins share its runtime but bring copies of the allocator's code, and types and functions of their own: they are
 * further modules. Two runtimes in one process know nothing of each other; one of them is taken, and a note says which.
 */
#ifndef ESCAUDIT_PROBE_PROCESS_H
#define ESCAUDIT_PROBE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "symbolize/go_binary.h"
#include "unwind/maps.h"

struct process;

/*
 * Finds the process and the file. pid may be the id of any of its threads. file, if not NULL, says which of several
 * runtimes is meant: a path as we or the process see it.
 *
 * Errors say what mends them: no such process or ended (-ESRCH), a kernel thread (-EINVAL), not ours to look at
 * (-EACCES), no Go runtime in it (-ENOEXEC), one of a Go version without facts (-EPROTONOSUPPORT, as go_binary_open).
 */
int process_open(struct process **out, pid_t pid, const char *file, struct error *err);
/*
 * The same without asking what of Go is in it: for process_look, which finds that as it comes. It has no binary, no
 * path and no modules.
 */
int process_watch(struct process **out, pid_t pid, struct error *err);
void process_free(struct process *process); /* accepts NULL */

pid_t process_pid(const struct process *process);	 /* of the thread group */
const char *process_name(const struct process *process); /* as /proc/PID/stat has it */
long process_uid(const struct process *process);	 /* the user it belongs to */
uint64_t process_bias(const struct process *process);	 /* runtime address less vaddr, of the binary */
pid_t process_tracer(const struct process *process);	 /* who debugs it now, 0 for nobody */
/*
 * Copies what stands at a vaddr of the binary in the process's memory now. 0 or a negative errno. A reader of memory
 * needs what a debugger needs: -EACCES where the process's files may be read but this not.
 */
int process_read(const struct process *process, elf_vaddr vaddr, void *out, size_t size);
/* Polls readable once the process has ended. Owned by the process. */
int process_pid_fd(const struct process *process);
/* Whether it is still the program that was opened: it has neither ended nor executed another (or the same again). */
bool process_is_same(const struct process *process);

/* The file that holds the runtime, as the process calls it. */
const char *process_path(const struct process *process);
const struct go_binary *process_binary(const struct process *process);
/* Gives the binary away; process_binary is NULL afterwards. */
struct go_binary *process_take_binary(struct process *process);

/* A plugin, or whatever else of Go shares the runtime. */
struct process_module {
	const char *path;
	struct go_binary *bin;
	uint64_t displacement; /* its vaddrs, so much higher, are addresses in the binary's own address space */
};
size_t process_module_count(const struct process *process);
const struct process_module *process_module(const struct process *process, size_t i);
/* What of the process cannot be recorded, or NULL. */
const char *process_missed(const struct process *process);
/* What of Go a process has mapped since it was opened or looked at last. */
struct process_news {
	char **runtimes; /* files that hold one, as the process calls them */
	size_t n_runtimes;
	char *refused;	  /* sentences on files of Go that cannot be recorded, and why; NULL for none */
	size_t n_modules; /* new ones, the last of process_module */
};
/*
 * Fails only where the process is there and its map cannot be read. Whatever happens, release with
 * process_news_release.
 */
int process_look(struct process *process, struct process_news *out, struct error *err);
void process_news_release(struct process_news *news);
/* Were Go modules loaded since it was opened or looked at? A sentence naming them, owned by the caller, or NULL. */
char *process_new_modules(const struct process *process);

/* What the user should know: one sentence each. */
size_t process_note_count(const struct process *process);
const char *process_note(const struct process *process, size_t i);

/* How many processes run or map a file (fd), and how many run one that stood at path before it was replaced. */
struct process_census {
	size_t running;
	size_t replaced;
	pid_t replaced_pid; /* one of these */
	size_t hidden;	    /* processes that could not be looked at */
	int error;	    /* a negative errno where the counts are incomplete for want of descriptors or memory */
};
void process_census(struct process_census *out, int fd, const char *path);

#endif
