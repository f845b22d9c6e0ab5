/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "probe/kernel.h"
#include "probe/self_target.h"

#include "bpf/alloc.skel.h" /* uses the types of records.h */
#include "bpf/sample.skel.h"

/* A line of the target that allocates. */
struct shape {
	uint64_t size;
	uint64_t type; /* index into types */
	uint64_t frames;
};

static const struct shape shapes[] = {{48, 0, 8}, {200, 1, 32}};
static const char types[ARRAY_SIZE(shapes)] = {1, 1}; /* their addresses are what counts */

/* An object in the size class of 48 bytes, with pointers. */
#define SAMPLED_SIZE  40
#define SAMPLED_CLASS (5 << 1)
#define CLASS_BYTES   48
/* Slots of the spans given up, in turn: 1 to so many. */
#define SLOTS_TURN 31
#define BEFORE	   3 /* in use when the span was fetched */

/* More than any layout that is known. */
#define MCACHE_BYTES 8192
#define MSPAN_BYTES  1024

/*
 * With the code that leaves frames of C out: every function of the target counts as Go's, so that nothing is left out,
 * but the verifier sees all there is to see. The roots are all the same function of the target's.
 */
static void settle_walk(struct walk_settings *walk)
{
	struct self_place text, text_end, enter, end;

	if (!self_place_of(self_text, &text) || !self_place_of(self_text_end, &text_end) ||
	    !self_place_of((const void *)(uintptr_t)self_allocate, &enter) || !self_place_of(self_allocate_end, &end))
		return;
	for (int i = 0; i < RUNTIME_RANGES; i++)
		walk->runtime_text[i] = (struct text_range){.start = text.vaddr, .end = text.vaddr + 1};
	walk->go_text_start = text.vaddr;
	walk->go_text_size = text_end.vaddr - text.vaddr;
	walk->roots[0].start = enter.vaddr;
	walk->roots[0].size = end.vaddr - enter.vaddr;
	for (int i = 1; i < STACK_ROOTS; i++)
		walk->roots[i] = walk->roots[0];
	/* C calls nothing here, which the verifier is not to know. */
	walk->callback.cgocallback_start = end.vaddr;
	walk->callback.cgocallback_size = 1;
	walk_settings_span_roots(walk);
}

void trial_settings_exact(struct alloc_settings *out, enum attach_method method)
{
	alloc_settings_init_default(out, method);
	settle_walk(&out->walk);
}

void trial_settings_sample(struct sample_settings *out, enum attach_method method)
{
	struct self_place rule, rule_end, first;

	*out = (struct sample_settings){
		.method = method,
		.walk = {.stack_depth = DEFAULT_STACK_DEPTH},
		.mcache_alloc = 48,
		.mspan_alloc_count = 96,
		.mspan_nelems = 120,
		.header_bytes = 8,
	};
	settle_walk(&out->walk);
	if (self_place_of(self_dispatcher, &rule) && self_place_of(self_dispatcher_end, &rule_end) &&
	    self_place_of(types, &first)) {
		out->rules[0] = (struct frame_rule){
			.start = rule.vaddr, .size = (uint32_t)(rule_end.vaddr - rule.vaddr), .kind = FRAME_DISPATCHER};
		out->n_rules = 1;
		out->types_start = first.vaddr;
		out->types_end = first.vaddr + sizeof(types);
	}
}

/* What both modes need of this program. */
struct self {
	int fd;
	struct self_place point, first_type;
};

static int self_open(struct self *self, const char *point, struct error *err)
{
	int code;

	self->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	code = self->fd < 0 ? -errno : 0;
	if (code)
		return error_set(err, code, "probe: failed to open this program: %s%s", reason_text(code),
				 code == -ENOENT && access("/proc/self", F_OK)
					 ? "; /proc is not mounted: mount -t proc proc /proc"
					 : "");
	if (!self_place_of(point, &self->point) || !self_place_of(types, &self->first_type))
		return error_set(err, -ENOENT, "probe: failed to find a function of this program in its file");
	return 0;
}

/* The stacks that came through the ring. */
struct stacks {
	bool own;
	uint32_t n, wrong; /* wrong: not as deep as called, or from elsewhere */
	uint32_t depths[ARRAY_SIZE(shapes)];
};

static int on_stack(void *ctx, void *data, size_t size)
{
	const struct stack_record *record = data;
	struct stacks *stacks = ctx;
	uint64_t text = (uint64_t)(uintptr_t)self_text, text_end = (uint64_t)(uintptr_t)self_text_end;
	bool known = false;

	if (!stack_record_is_whole(record, size))
		return 0;
	stacks->n++;
	for (size_t i = 0; i < ARRAY_SIZE(stacks->depths); i++)
		known = known || record->depth == stacks->depths[i];
	for (uint32_t i = 0; i < record->depth; i++)
		known = known && record->pcs[i] + record->bias > text && record->pcs[i] + record->bias <= text_end;
	stacks->wrong += stacks->own && (!known || record->flags);
	return 0;
}

static int read_stacks(const struct bpf_map *map, struct stacks *stacks, struct error *err)
{
	struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(map), on_stack, stacks, NULL);
	int ret = ring ? ring_buffer__consume(ring) : -errno;

	ring_buffer__free(ring);
	return ret < 0 ? error_set(err, ret, "probe: failed to read the stack ring: %s", reason_text(ret)) : 0;
}

static int read_lost(const struct bpf_map *map, size_t n, size_t first, uint64_t *lost, struct error *err)
{
	uint64_t *counters = xcalloc(n, sizeof(*counters));
	int ret = kernel_sum_cpus(bpf_map__fd(map), n, 1, counters, err);

	*lost = 0;
	for (size_t i = first; ret == 0 && i < n; i++)
		*lost += counters[i];
	free(counters);
	return ret;
}

/* ---- exact ---- */

/* Whether the observation says what was called. */
static bool is_as_called(const struct self *self, const struct observation_key *key,
			 const struct observation_value *value, uint64_t calls)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (key->type == self->first_type.vaddr + shapes[i].type)
			return value->objects == calls && value->smallest == shapes[i].size &&
			       value->largest == shapes[i].size && value->bytes == calls * shapes[i].size;
	}
	return false;
}

static int read_exact(struct trial *out, const struct alloc_bpf *skel, const struct self *self, bool own,
		      struct error *err)
{
	struct stacks stacks = {.own = own};
	struct observation_key key, *before = NULL;
	struct observation_value value;
	uint64_t each = out->calls / ARRAY_SIZE(shapes), bytes = 0, lost = 0;
	size_t n = 0, wrong = 0;
	int fd = bpf_map__fd(skel->maps.observations), ret;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		stacks.depths[i] = (uint32_t)shapes[i].frames;
		bytes += each * shapes[i].size;
	}
	for (; bpf_map_get_next_key(fd, before, &key) == 0; before = &key) {
		if (bpf_map_lookup_elem(fd, &key, &value))
			return error_set(err, -errno, "probe: failed to read the observations: %s", reason_text(errno));
		out->seen += value.objects;
		out->bytes += value.bytes;
		wrong += own && !is_as_called(self, &key, &value, each);
		n++;
	}
	ret = read_stacks(skel->maps.stacks, &stacks, err);
	if (ret == 0)
		ret = read_lost(skel->maps.counters, COUNTER_MAX, COUNTER_LOSS_FIRST, &lost, err);
	out->stacks = stacks.n;
	if (ret == 0 && (out->seen != out->calls || out->bytes != bytes || lost))
		ret = error_set(err, -EIO,
				"probe: %" PRIu64 " calls for %" PRIu64 " bytes, but %" PRIu64 " objects of %" PRIu64
				" bytes were counted and %" PRIu64 " lost",
				out->calls, bytes, out->seen, out->bytes, lost);
	if (ret == 0 && own && (wrong || n != ARRAY_SIZE(shapes) || stacks.n != n || stacks.wrong))
		ret = error_set(err, -EIO,
				"probe: %" PRIu64
				" calls from %zu lines were counted under %zu, %zu of them with another "
				"type or size, and of %u stacks %u are not as deep as called",
				out->calls, ARRAY_SIZE(shapes), n, wrong, stacks.n, stacks.wrong);
	return ret;
}

int trial_exact(struct trial *out, const struct alloc_settings *settings, bool own, uint64_t calls, struct error *err)
{
	struct attachment *attachment = NULL;
	struct alloc_bpf *skel = NULL;
	struct self self = {.fd = -1};
	uint64_t cookie;
	int ret;

	*out = (struct trial){.loaded = false};
	ret = alloc_programs_load(&skel, settings, err);
	if (ret)
		return ret;
	out->loaded = true;
	ret = self_open(&self, self_alloc_point, err);
	cookie = self.point.vaddr & COOKIE_VADDR_MASK;
	if (ret == 0)
		ret = attachment_new(&attachment, settings->method, skel->progs.on_alloc, skel->maps.counters, self.fd,
				     getpid(), &self.point.offset, &cookie, 1, err);
	if (ret == 0) {
		__atomic_store_n(&skel->bss->ended, 0, __ATOMIC_SEQ_CST);
		for (uint64_t i = 0; i < calls; i++) {
			for (size_t k = 0; k < ARRAY_SIZE(shapes); k++)
				self_allocate(shapes[k].size, &types[shapes[k].type],
					      shapes[k].frames - SELF_ALLOC_FRAMES);
		}
		__atomic_store_n(&skel->bss->ended, 1, __ATOMIC_SEQ_CST);
		attachment_free(attachment);
		out->calls = calls * ARRAY_SIZE(shapes);
		ret = read_exact(out, skel, &self, own, err);
	}
	if (self.fd >= 0)
		close(self.fd);
	alloc_bpf__destroy(skel);
	return ret;
}

/* ---- sampling ---- */

/* The runtime's structures, as far as a refill is concerned. */
struct fake_heap {
	uint8_t mcache[MCACHE_BYTES];
	uint8_t mspan[MSPAN_BYTES];
};

static void put(uint8_t *memory, size_t at, const void *value, size_t size)
{
	memcpy(memory + at, value, size);
}

/* The span that the mcache has of the class has handed out so many slots since it was fetched. */
static void give_span(struct fake_heap *heap, const struct sample_settings *settings, uint16_t slots)
{
	uint64_t span = (uint64_t)(uintptr_t)heap->mspan, elem_size = CLASS_BYTES;
	uint16_t alloc_count = (uint16_t)(BEFORE + slots), before = BEFORE;
	uint8_t class = SAMPLED_CLASS;

	put(heap->mcache, settings->mcache_alloc + 8 * SAMPLED_CLASS, &span, sizeof(span));
	put(heap->mspan, settings->mspan_alloc_count, &alloc_count, sizeof(alloc_count));
	put(heap->mspan, settings->mspan_alloc_count + 2, &class, sizeof(class));
	put(heap->mspan, settings->mspan_alloc_count + 6, &before, sizeof(before));
	put(heap->mspan, settings->mspan_alloc_count + 8, &elem_size, sizeof(elem_size));
	/* The kernel program reads it behind the compiler's back. */
	__asm__ volatile("" : : "r"(heap) : "memory");
}

static int read_sample(struct trial *out, const struct sample_bpf *skel, const struct self *self, bool own,
		       uint64_t slots, struct error *err)
{
	struct stacks stacks = {.own = own, .depths = {SELF_REFILL_FRAMES, SELF_REFILL_FRAMES}};
	struct class_totals *totals = xcalloc(SPAN_CLASSES, sizeof(*totals));
	struct sample_key key, *before = NULL;
	struct sample_value value;
	uint64_t lost = 0;
	size_t n = 0, wrong = 0;
	int fd = bpf_map__fd(skel->maps.samples_a), ret;

	ret = kernel_sum_cpus(bpf_map__fd(skel->maps.classes), SPAN_CLASSES, sizeof(*totals) / sizeof(uint64_t),
			      (uint64_t *)totals, err);
	for (; ret == 0 && bpf_map_get_next_key(fd, before, &key) == 0; before = &key) {
		if (bpf_map_lookup_elem(fd, &key, &value)) {
			ret = error_set(err, -errno, "probe: failed to read the samples: %s", reason_text(errno));
			break;
		}
		out->seen += value.samples;
		out->slots += value.slots;
		out->bytes += value.bytes;
		wrong += own && (key.type != self->first_type.vaddr || key.class != SAMPLED_CLASS ||
				 value.bytes != out->calls * SAMPLED_SIZE);
		n++;
	}
	if (ret == 0)
		ret = read_stacks(skel->maps.stacks, &stacks, err);
	if (ret == 0)
		ret = read_lost(skel->maps.counters, COUNTER_MAX, COUNTER_LOSS_FIRST, &lost, err);
	out->stacks = stacks.n;
	if (ret == 0 && (out->seen != out->calls || out->slots != slots ||
			 totals[SAMPLED_CLASS].samples != out->calls || totals[SAMPLED_CLASS].slots != slots || lost))
		ret = error_set(err, -EIO,
				"probe: %" PRIu64 " refills after %" PRIu64 " slots, but %" PRIu64
				" samples of %" PRIu64 " slots were taken (in all %" PRIu64 " of %" PRIu64
				") and %" PRIu64 " lost",
				out->calls, slots, out->seen, out->slots, (uint64_t)totals[SAMPLED_CLASS].samples,
				(uint64_t)totals[SAMPLED_CLASS].slots, lost);
	if (ret == 0 && own && (wrong || n != 1 || stacks.n != 1 || stacks.wrong))
		ret = error_set(err, -EIO,
				"probe: %" PRIu64
				" refills from one line were counted under %zu, %zu of them with another "
				"type, class or size, and of %u stacks %u are not as deep as called",
				out->calls, n, wrong, stacks.n, stacks.wrong);
	free(totals);
	return ret;
}

int trial_sample(struct trial *out, const struct sample_settings *settings, bool own, uint64_t calls, struct error *err)
{
	struct attachment *attachment = NULL;
	struct sample_bpf *skel = NULL;
	struct self self = {.fd = -1};
	struct fake_heap *heap;
	uint64_t cookie, slots = 0;
	int ret;

	*out = (struct trial){.loaded = false};
	if (settings->mcache_alloc + 8 * SPAN_CLASSES > MCACHE_BYTES ||
	    settings->mspan_alloc_count + sizeof(uint64_t) * 2 > MSPAN_BYTES)
		return error_set(err, -E2BIG, "probe: failed to lay out spans: they are larger than any that is known");
	ret = sample_programs_load(&skel, settings, err);
	if (ret)
		return ret;
	out->loaded = true;
	ret = self_open(&self, self_refill_point, err);
	cookie = (self.point.vaddr & COOKIE_VADDR_MASK) | (uint64_t)POINT_REFILL << COOKIE_KIND_SHIFT;
	if (ret == 0)
		ret = attachment_new(&attachment, settings->method, skel->progs.on_point, skel->maps.counters, self.fd,
				     getpid(), &self.point.offset, &cookie, 1, err);
	if (ret == 0) {
		heap = xcalloc(1, sizeof(*heap));
		*(volatile uint32_t *)&skel->bss->open[GROUP_HOT] = 1;
		for (uint64_t i = 0; i < calls; i++) {
			uint16_t given = (uint16_t)(1 + i % SLOTS_TURN);

			give_span(heap, settings, given);
			self_refill(heap->mcache, SAMPLED_CLASS, SAMPLED_SIZE, &types[0]);
			slots += given;
		}
		*(volatile uint32_t *)&skel->bss->open[GROUP_HOT] = 0;
		attachment_free(attachment);
		free(heap);
		out->calls = calls;
		ret = read_sample(out, skel, &self, own, slots, err);
	}
	if (self.fd >= 0)
		close(self.fd);
	sample_bpf__destroy(skel);
	return ret;
}
