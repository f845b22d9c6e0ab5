/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a launched program loads, before any of it runs.
 *
 * Dynamic loaders call _dl_debug_state, an empty function for debuggers, when they have mapped files and nothing of
 * these has run: at the beginning of the program, and in every dlopen. A kernel program there stops the process with
 * SIGSTOP; it stands still until loading_continue. Only a process that we have started ourselves is stopped, and only
 * there: one in use by somebody never is.
 *
 * Nothing that we do or that is done to us leaves it standing: a process of its own, the guard, notices when we are
 * gone, whatever the way, waits until the probe is too, and lets the program go on. Where the guard is killed nothing
 * is stopped any more; where both are killed at once, the kernel's signal at our death (launch_start) lets it go on.
 *
 * Why not otherwise: events of mmap come too late for the first allocations. Permission events of fanotify come in
 * time, but for every open on the mount, by anybody, each of which would wait for us; and they take CAP_SYS_ADMIN. The
 * loader's own ways (LD_AUDIT) put code into the program, ptrace is a debugger's.
 */
#ifndef ESCAUDIT_PROBE_LOADING_H
#define ESCAUDIT_PROBE_LOADING_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "probe/attach.h"

struct loading;

/*
 * For a program, or a script, that will be executed from path. Loads the kernel program. -EINVAL: it has no dynamic
 * loader, so that nothing is loaded into it; -ENOTSUP: one that does not tell.
 */
int loading_new(struct loading **out, const char *path, enum attach_method method, struct error *err);
/*
 * Begins, before the process executes the program. pid_fd is borrowed until loading_free. Also holds for what the
 * process executes instead, as far as it has the same loader.
 */
int loading_attach(struct loading *loading, pid_t pid, int pid_fd, struct error *err);
/* Polls readable when the process was stopped. */
int loading_fd(const struct loading *loading);
/* Whether it has been stopped since loading_continue: it stands still, or is about to. */
bool loading_is_stopped(struct loading *loading);
/* Whether the process ever loaded something and could not be stopped for it. */
bool loading_has_failed(const struct loading *loading);
/* Whether the guard is there: without it nothing may be stopped any more, since nobody would let it go on after us. */
bool loading_is_guarded(const struct loading *loading);
void loading_continue(struct loading *loading);
/* Accepts NULL. The process goes on. */
void loading_free(struct loading *loading);

#endif
