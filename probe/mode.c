/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/mode_internal.h"

void mode_free(struct mode *mode)
{
	if (mode)
		mode->ops->free(mode);
}

void mode_add_missed(struct strbuf *missed, const char *text)
{
	if (text)
		strbuf_addf(missed, "%s%s", missed->len ? "; " : "", text);
}

int mode_attach_reach(struct mode *mode, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err)
{
	return mode->ops->attach_reach(mode, pid, calls, n, err);
}

int mode_attach(struct mode *mode, pid_t pid, struct error *err)
{
	return mode->ops->attach(mode, pid, err);
}

int mode_fd(const struct mode *mode)
{
	return mode->ops->fd(mode);
}

int mode_drain(struct mode *mode, struct error *err)
{
	return mode->ops->drain(mode, err);
}

int mode_add_module(struct mode *mode, pid_t pid, const struct process_module *module, struct strbuf *missed,
		    struct error *err)
{
	return mode->ops->add_module(mode, pid, module, missed, err);
}

bool mode_has_begun(const struct mode *mode)
{
	return mode->ops->has_begun(mode);
}

bool mode_has_ended(const struct mode *mode)
{
	return mode->ops->has_ended(mode);
}

bool mode_is_armed(const struct mode *mode)
{
	return mode->ops->is_armed(mode);
}

void mode_detach(struct mode *mode)
{
	mode->ops->detach(mode);
}

int mode_read(struct mode *mode, enum mode_part part, struct mode_result *out, struct recording *rec, struct error *err)
{
	*out = (struct mode_result){.hits = 0};
	return mode->ops->read(mode, part, out, rec, err);
}

int mode_read_capture(struct capture *capture, enum mode_part part, struct capture_result *out, struct recording *rec,
		      struct error *err)
{
	switch (part) {
	case MODE_PART_REST:
		break;
	case MODE_PART_CUT:
		return capture_cut(capture, out, rec, err);
	case MODE_PART_VIEW:
		return capture_peek(capture, out, rec, err);
	}
	return capture_read(capture, out, rec, err);
}
