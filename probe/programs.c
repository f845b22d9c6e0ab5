/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/programs.h"

#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/memory.h"
#include "probe/kernel.h"
#include "probe/kernel_needs.h"
#include "probe/loader.h"

#include "bpf/alloc.old.skel.h" /* uses the types of records.h */
#include "bpf/alloc.skel.h"
#include "bpf/sample.old.skel.h"
#include "bpf/sample.skel.h"

/* One source, compiled twice: whichever is loaded, what user space knows of it is the same. */
#define IS_ALIKE(name)                                                                                                 \
	_Static_assert(sizeof(struct name##_bpf) == sizeof(struct name##_old_bpf) &&                                   \
			       sizeof(struct name##_bpf__bss) == sizeof(struct name##_old_bpf__bss) &&                 \
			       sizeof(struct name##_bpf__data) == sizeof(struct name##_old_bpf__data) &&               \
			       sizeof(struct name##_bpf__rodata) == sizeof(struct name##_old_bpf__rodata),             \
		       "the programs for old kernels have the maps and variables of the others")
IS_ALIKE(alloc);
IS_ALIKE(sample);

/* 128 bytes of the kernel's memory each: a production machine has less to spare than one that tries a program out. */
#define LAUNCH_OBSERVATIONS (1u << 19)
#define ATTACH_OBSERVATIONS (1u << 17)
#define SHORT_OBSERVATIONS  (1u << 17)
#define REACH_MAX	    (1u << 16)
#define MAP_SAMPLES	    (1u << 14)
/* Samples come by the ten thousand a second at most, and a stack that found no room is sent again. */
#define SAMPLE_RING_BYTES (2u << 20)

void alloc_settings_init(struct alloc_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			 const struct capture_options *options)
{
	uint32_t usual = options->is_launch ? LAUNCH_OBSERVATIONS : ATTACH_OBSERVATIONS;

	*out = (struct alloc_settings){
		.method = options->method,
		.max_observations = options->max_observations ? options->max_observations : usual,
		/* Memory is taken as stacks appear. */
		.stack_ring_bytes = options->is_launch ? STACK_RING_BYTES : STACK_RING_ATTACH_BYTES,
	};
	/* A plugin's functions lie elsewhere. They are worth more than the C frames that its host can do without. */
	walk_settings_init(&out->walk, bin, entries, !options->n_modules && !options->takes_modules,
			   options->stack_depth);
	out->walk.has_plugins = options->n_modules || options->takes_modules;
	out->walk.expected_starts = options->is_launch;
}

void alloc_settings_init_default(struct alloc_settings *out, enum attach_method method)
{
	*out = (struct alloc_settings){
		.method = method,
		.walk = {.stack_depth = DEFAULT_STACK_DEPTH},
		.max_observations = ATTACH_OBSERVATIONS,
		.stack_ring_bytes = STACK_RING_ATTACH_BYTES,
	};
}

int alloc_programs_load(struct alloc_bpf **out, const struct alloc_settings *settings, struct error *err)
{
	struct alloc_bpf *skel;
	int ret;

	*out = NULL;
	loader_silence();
	skel = kernel_is_before_5_15() ? (struct alloc_bpf *)alloc_old_bpf__open() : alloc_bpf__open();
	if (!skel)
		return loader_open_error(err, -errno);
	memcpy((void *)(uintptr_t)&skel->rodata->settings, &settings->walk, sizeof(settings->walk));
	skel->bss->ended = 1;
	bpf_map__set_max_entries(skel->maps.observations, settings->max_observations);
	/* Counting objects must not fail for want of memory while there is room in the map. */
	bpf_map__set_max_entries(skel->maps.observations_short, SHORT_OBSERVATIONS);
	bpf_map__set_max_entries(skel->maps.stacks, settings->stack_ring_bytes);
	bpf_map__set_max_entries(skel->maps.reached, REACH_MAX);
	attach_prepare(skel->progs.on_alloc, settings->method);
	attach_prepare(skel->progs.on_reach, settings->method);
	ret = loader_load(skel->skeleton, err);
	if (ret) {
		alloc_bpf__destroy(skel);
		return ret;
	}
	*out = skel;
	return 0;
}

void sample_settings_init(struct sample_settings *out, const struct go_binary *bin, const struct alloc_entries *entries,
			  const struct sample_points *points, const struct sample_options *options)
{
	elf_vaddr start, end;

	go_binary_types_range(bin, &start, &end);
	*out = (struct sample_settings){
		.method = options->method,
		.mcache_alloc = points->mcache_alloc,
		.mspan_alloc_count = points->mspan_alloc_count,
		.mspan_nelems = points->mspan_nelems,
		.header_bytes = points->header_bytes,
		.n_rules = points->n_rules,
		.types_start = start,
		.types_end = end,
	};
	memcpy(out->rules, points->rules, sizeof(out->rules));
	walk_settings_init(&out->walk, bin, entries, true, options->stack_depth);
	out->walk.expected_starts = options->is_launch;
}

static void configure(struct sample_bpf__rodata *ro, const struct sample_settings *settings)
{
	memcpy((void *)(uintptr_t)&ro->settings, &settings->walk, sizeof(settings->walk));
	ro->mcache_alloc = settings->mcache_alloc;
	ro->mspan_alloc_count = settings->mspan_alloc_count;
	ro->mspan_nelems = settings->mspan_nelems;
	ro->header_bytes = settings->header_bytes;
	memcpy((void *)(uintptr_t)ro->class_size, size_class_bytes, sizeof(size_class_bytes));
	memcpy((void *)(uintptr_t)ro->frame_rules, settings->rules, sizeof(settings->rules));
	ro->n_frame_rules = settings->n_rules;
	ro->frames_start = UINT64_MAX;
	for (uint32_t i = 0; i < settings->n_rules; i++) {
		const struct frame_rule *rule = &settings->rules[i];

		ro->frames_start = rule->start < ro->frames_start ? rule->start : ro->frames_start;
		ro->frames_end = rule->start + rule->size > ro->frames_end ? rule->start + rule->size : ro->frames_end;
	}
	ro->heap_stats = settings->heap_stats;
	ro->types_start = settings->types_start;
	ro->types_end = settings->types_end;
}

int sample_programs_load(struct sample_bpf **out, const struct sample_settings *settings, struct error *err)
{
	struct sample_bpf *skel;
	int ret;

	*out = NULL;
	loader_silence();
	skel = kernel_is_before_5_15() ? (struct sample_bpf *)sample_old_bpf__open() : sample_bpf__open();
	if (!skel)
		return loader_open_error(err, -errno);
	configure(skel->rodata, settings);
	bpf_map__set_max_entries(skel->maps.samples_a, MAP_SAMPLES);
	bpf_map__set_max_entries(skel->maps.samples_b, MAP_SAMPLES);
	bpf_map__set_max_entries(skel->maps.exact, MAP_SAMPLES);
	bpf_map__set_max_entries(skel->maps.stacks, SAMPLE_RING_BYTES);
	attach_prepare(skel->progs.on_point, settings->method);
	attach_prepare(skel->progs.on_nothing, settings->method);
	ret = loader_load(skel->skeleton, err);
	if (ret) {
		sample_bpf__destroy(skel);
		return ret;
	}
	*out = skel;
	return 0;
}
