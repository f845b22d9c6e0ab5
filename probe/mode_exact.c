/* SPDX-License-Identifier: Apache-2.0 */
/* Every object counted: a capture, of the binary and of the plugins that a process has loaded or loads. */
#include <stdlib.h>

#include "base/memory.h"
#include "probe/mode_internal.h"

struct exact_mode {
	struct mode mode;
	const struct alloc_entries *entries;
	struct capture *capture;
	struct capture_module *modules;
	struct raw_module *raw_modules;
	struct alloc_entries **module_entries; /* one each */
	size_t n_modules, alloc_modules, alloc_raw_modules, alloc_module_entries;
};

static struct exact_mode *of(struct mode *mode)
{
	return (struct exact_mode *)mode;
}

static const struct capture *capture_of(const struct mode *mode)
{
	return ((const struct exact_mode *)mode)->capture;
}

/* Whether its objects can be counted: it is the last of the modules then. */
static bool take_module(struct exact_mode *m, const struct process_module *from, struct strbuf *missed)
{
	struct alloc_entries *entries = xcalloc(1, sizeof(*entries));
	struct error err = ERROR_INIT;
	int ret = alloc_entries_find(entries, from->bin, &err);

	/* What only the dispatcher's own place tells apart works for one file. */
	if (ret || entries->missed || entries->dispatcher_start) {
		if (ret)
			mode_add_missed(missed, err.text);
		else
			strbuf_addf(missed, "%sthe plugin '%s' was built with a profile that inlines the allocator",
				    missed->len ? "; " : "", from->path);
		error_release(&err);
		alloc_entries_release(entries);
		free(entries);
		return false;
	}
	ARRAY_GROW(m->modules, m->n_modules + 1, m->alloc_modules);
	ARRAY_GROW(m->raw_modules, m->n_modules + 1, m->alloc_raw_modules);
	ARRAY_GROW(m->module_entries, m->n_modules + 1, m->alloc_module_entries);
	m->module_entries[m->n_modules] = entries;
	m->raw_modules[m->n_modules] = (struct raw_module){.bin = from->bin, .displacement = from->displacement};
	m->modules[m->n_modules++] =
		(struct capture_module){.bin = from->bin, .entries = entries, .displacement = from->displacement};
	return true;
}

/* The plugins of a running process: allocator code of their own, each with its probes. */
static void find_modules(struct exact_mode *m, const struct process *process, struct strbuf *missed)
{
	size_t n = process ? process_module_count(process) : 0;

	mode_add_missed(missed, process ? process_missed(process) : NULL);
	for (size_t i = 0; i < n; i++)
		take_module(m, process_module(process, i), missed);
}

static int exact_add_module(struct mode *mode, pid_t pid, const struct process_module *module, struct strbuf *missed,
			    struct error *err)
{
	struct exact_mode *m = of(mode);
	int ret = 0;

	if (take_module(m, module, missed)) {
		ret = capture_add_module(m->capture, pid, &m->modules[m->n_modules - 1], err);
		go_binary_forget(module->bin);
	}
	return ret;
}

static int exact_attach_reach(struct mode *mode, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err)
{
	return capture_attach_reach(of(mode)->capture, pid, calls, n, err);
}

static int exact_attach(struct mode *mode, pid_t pid, struct error *err)
{
	struct exact_mode *m = of(mode);
	int ret = capture_attach(m->capture, pid, err);

	/* The window may be long, and what was read to find the places is not needed in it. */
	for (size_t i = 0; i < m->n_modules; i++)
		go_binary_forget(m->modules[i].bin);
	return ret;
}

static int exact_fd(const struct mode *mode)
{
	return capture_fd(capture_of(mode));
}

static int exact_drain(struct mode *mode, struct error *err)
{
	return capture_drain(of(mode)->capture, err);
}

static bool exact_has_begun(const struct mode *mode)
{
	return capture_has_begun(capture_of(mode));
}

static bool exact_has_ended(const struct mode *mode)
{
	return capture_has_ended(capture_of(mode));
}

static bool exact_is_armed(const struct mode *mode)
{
	return capture_is_armed(capture_of(mode));
}

static void exact_detach(struct mode *mode)
{
	capture_detach(of(mode)->capture);
}

static int exact_read(struct mode *mode, enum mode_part part, struct mode_result *out, struct recording *rec,
		      struct error *err)
{
	struct exact_mode *m = of(mode);
	struct capture_result counted;
	int ret = mode_read_capture(m->capture, part, &counted, rec, err);

	if (ret)
		return ret;
	rec->header.mode = REC_MODE_EXACT;
	*out = (struct mode_result){
		.raw = counted.raw,
		.hits = counted.hits,
		.shortened = counted.shortened,
		.entries = m->entries->n,
		.reached = counted.reached,
		.n_reached = counted.n_reached,
	};
	out->raw.modules = m->raw_modules;
	out->raw.n_modules = m->n_modules;
	return 0;
}

static void exact_free(struct mode *mode)
{
	struct exact_mode *m = of(mode);

	capture_free(m->capture);
	for (size_t i = 0; i < m->n_modules; i++) {
		alloc_entries_release(m->module_entries[i]);
		free(m->module_entries[i]);
	}
	free(m->modules);
	free(m->raw_modules);
	free(m->module_entries);
	free(m);
}

static const struct mode_ops exact_ops = {
	.attach_reach = exact_attach_reach,
	.attach = exact_attach,
	.fd = exact_fd,
	.drain = exact_drain,
	.add_module = exact_add_module,
	.has_begun = exact_has_begun,
	.has_ended = exact_has_ended,
	.is_armed = exact_is_armed,
	.detach = exact_detach,
	.read = exact_read,
	.free = exact_free,
};

int mode_new_exact(struct mode **out, const struct mode_options *options, struct error *err)
{
	struct exact_mode *m = xcalloc(1, sizeof(*m));
	struct capture_options capture = {.method = options->method,
					  .max_observations = options->max_observations,
					  .is_launch = options->is_launch,
					  .takes_modules = options->takes_modules};
	int ret;

	*out = NULL;
	m->mode.ops = &exact_ops;
	m->entries = options->entries;
	mode_add_missed(options->missed, options->entries->missed);
	find_modules(m, options->process, options->missed);
	capture.modules = m->modules;
	capture.n_modules = m->n_modules;
	ret = capture_new(&m->capture, options->bin, options->entries, &capture, err);
	if (ret) {
		exact_free(&m->mode);
		return ret;
	}
	*out = &m->mode;
	return 0;
}
