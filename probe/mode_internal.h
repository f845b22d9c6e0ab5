/* SPDX-License-Identifier: Apache-2.0 */
/* What the modes of mode.h share: each embeds struct mode as its first member and fills the table. */
#ifndef ESCAUDIT_PROBE_MODE_INTERNAL_H
#define ESCAUDIT_PROBE_MODE_INTERNAL_H

#include "probe/capture.h"
#include "probe/mode.h"

struct mode_ops {
	int (*attach_reach)(struct mode *mode, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err);
	int (*attach)(struct mode *mode, pid_t pid, struct error *err);
	int (*fd)(const struct mode *mode);
	int (*drain)(struct mode *mode, struct error *err);
	int (*add_module)(struct mode *mode, pid_t pid, const struct process_module *module, struct strbuf *missed,
			  struct error *err);
	bool (*has_begun)(const struct mode *mode);
	bool (*has_ended)(const struct mode *mode);
	bool (*is_armed)(const struct mode *mode);
	void (*detach)(struct mode *mode);
	/* *out is zeroed. */
	int (*read)(struct mode *mode, enum mode_part part, struct mode_result *out, struct recording *rec,
		    struct error *err);
	/* Frees everything, mode itself included. Never called with NULL. */
	void (*free)(struct mode *mode);
};

struct mode {
	const struct mode_ops *ops;
};

/* capture_read, capture_cut or capture_peek. */
int mode_read_capture(struct capture *capture, enum mode_part part, struct capture_result *out, struct recording *rec,
		      struct error *err);

#endif
