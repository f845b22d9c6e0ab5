/* SPDX-License-Identifier: Apache-2.0 */
/* Objects counted by samples; where there are reach probes, a capture beside has those and counts nothing. */
#include <stdlib.h>

#include "base/memory.h"
#include "probe/mode_internal.h"
#include "probe/sampling/sample.h"

struct sample_mode {
	struct mode mode;
	struct sample_points points;
	struct sample *sample;
	struct capture *reach; /* NULL for none */
};

static struct sample_mode *of(struct mode *mode)
{
	return (struct sample_mode *)mode;
}

static const struct sample *sample_of(const struct mode *mode)
{
	return ((const struct sample_mode *)mode)->sample;
}

static int sample_mode_attach_reach(struct mode *mode, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err)
{
	return capture_attach_reach(of(mode)->reach, pid, calls, n, err);
}

static int sample_mode_attach(struct mode *mode, pid_t pid, struct error *err)
{
	return sample_attach(of(mode)->sample, pid, err);
}

static int sample_mode_fd(const struct mode *mode)
{
	return sample_fd(sample_of(mode));
}

static int sample_mode_drain(struct mode *mode, struct error *err)
{
	struct sample_mode *m = of(mode);
	int ret = m->reach ? capture_drain(m->reach, err) : 0;

	return ret ? ret : sample_drain(m->sample, err);
}

/* Its samples come from the runtime's own slow path; a plugin has a copy of that. */
static int sample_mode_add_module(struct mode *mode, pid_t pid, const struct process_module *module,
				  struct strbuf *missed, struct error *err)
{
	(void)mode;
	(void)pid;
	(void)err;
	strbuf_addf(missed, "%sthe plugin '%s', of which no samples are taken", missed->len ? "; " : "", module->path);
	return 0;
}

static bool sample_mode_has_begun(const struct mode *mode)
{
	return sample_has_begun(sample_of(mode));
}

static bool sample_mode_has_ended(const struct mode *mode)
{
	return sample_has_ended(sample_of(mode));
}

static bool sample_mode_is_armed(const struct mode *mode)
{
	return sample_is_armed(sample_of(mode));
}

static void sample_mode_detach(struct mode *mode)
{
	struct sample_mode *m = of(mode);

	sample_detach(m->sample);
	if (m->reach)
		capture_detach(m->reach);
}

static int sample_mode_read(struct mode *mode, enum mode_part part, struct mode_result *out, struct recording *rec,
			    struct error *err)
{
	struct sample_mode *m = of(mode);
	struct capture_result evidence = {.hits = 0};
	struct sample_result sampled;
	int ret = m->reach ? mode_read_capture(m->reach, part, &evidence, rec, err) : 0;

	if (ret == 0)
		ret = part == MODE_PART_CUT ? sample_cut(m->sample, &sampled, rec, err)
					    : sample_read(m->sample, &sampled, rec, err);
	if (ret)
		return ret;
	rec->header.mode = REC_MODE_SAMPLE;
	*out = (struct mode_result){
		.raw = sampled.raw,
		.hits = sampled.samples,
		.shortened = evidence.shortened,
		.entries = sampled.points,
		.reached = evidence.reached,
		.n_reached = evidence.n_reached,
		/* Its probes take long to leave, but it knows when it ended. */
		.seconds = sampled.seconds,
	};
	return 0;
}

static void sample_mode_free(struct mode *mode)
{
	struct sample_mode *m = of(mode);

	sample_free(m->sample);
	sample_points_release(&m->points);
	capture_free(m->reach);
	free(m);
}

static const struct mode_ops sample_ops = {
	.attach_reach = sample_mode_attach_reach,
	.attach = sample_mode_attach,
	.fd = sample_mode_fd,
	.drain = sample_mode_drain,
	.add_module = sample_mode_add_module,
	.has_begun = sample_mode_has_begun,
	.has_ended = sample_mode_has_ended,
	.is_armed = sample_mode_is_armed,
	.detach = sample_mode_detach,
	.read = sample_mode_read,
	.free = sample_mode_free,
};

int mode_new_sample(struct mode **out, const struct mode_options *options, struct error *err)
{
	struct sample_mode *m = xcalloc(1, sizeof(*m));
	const struct sample_options sample = {
		.method = options->method, .budget = options->max_overhead, .is_launch = options->is_launch};
	const struct capture_options reach = {
		.method = options->method, .max_observations = 1, .is_launch = options->is_launch};
	int ret;

	*out = NULL;
	m->mode.ops = &sample_ops;
	ret = sample_points_find(&m->points, options->bin, err);
	if (ret)
		goto fail;
	mode_add_missed(options->missed, m->points.missed);
	ret = sample_new(&m->sample, options->bin, options->entries, &m->points, &sample, err);
	if (ret == 0 && options->with_reach)
		ret = capture_new(&m->reach, options->bin, options->entries, &reach, err);
	if (ret)
		goto fail;
	if (options->process)
		sample_set_bias(m->sample, process_bias(options->process));
	*out = &m->mode;
	return 0;
fail:
	sample_mode_free(&m->mode);
	return ret;
}
