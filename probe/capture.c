/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/memory.h"
#include "base/reason.h"
#include "base/u64map.h"
#include "bpf/records.h"
#include "probe/c_stacks.h"
#include "probe/kernel.h"
#include "probe/programs.h"
#include "probe/stack_ring.h"

#include "bpf/alloc.skel.h" /* uses the types of records.h */

#define BATCH 4096
/* A trap each, so some milliseconds of the target: what it also takes to arm a few thousand probes anew. */
#define REACH_WASTE_MAX 5000

struct stack_slot {
	struct stack_id id;
	uint32_t first; /* index into pcs */
	uint32_t depth;
	uint32_t flags;
	uint32_t
		same_as; /* the first slot of the same addresses: what is on C's stack makes several ids of one stack */
	bool lacks_copy; /* C's stack has not come: the addresses that have are not all */
};

struct reach_set {
	elf_offset *offsets;
	size_t n;
	uint8_t *reached; /* 1 once hit */
	volatile uint64_t *map;
	size_t map_bytes;
	uint64_t wasted; /* hits of probes that had been hit before, up to the last time they were retired */
	struct attachment *attachment;
	pid_t pid;
};

/* What earlier results have given of one observation. */
struct given {
	uint32_t stack;
	elf_vaddr type;
	uint64_t objects;
	uint64_t bytes;
};

struct capture {
	const struct go_binary *bin;
	const struct alloc_entries *entries;
	enum attach_method method;
	struct alloc_bpf *skel;
	struct attachment **attachments; /* of the binary, then of each module */
	size_t n_attachments, alloc_attachments;
	const struct capture_module *modules;
	size_t n_modules;
	bool is_launch;
	struct stack_ring *ring;
	struct reach_set reach;
	/* stacks that came through the ring */
	struct stack_slot *slots;
	size_t n_slots, alloc_slots;
	uint64_t *pcs;
	size_t n_pcs, alloc_pcs;
	struct u64map slot_of; /* stack_id.hash, or a key derived from it -> slot */
	struct c_stacks *c_stacks;
	struct u64map c_slot_of; /* of stacks with C frames: a hash of their addresses, or derived -> slot */
	bool has_same;		 /* some slots are the same as others */
	/* the last result */
	struct raw_stack *stacks;
	struct raw_observation *observations;
	size_t n_observations, alloc_observations;
	/* what the results so far have given away */
	struct given *given;
	size_t n_given, alloc_given;
	struct u64map given_of; /* stack and type, mixed -> given */
	uint64_t given_totals[COUNTER_MAX];
};

/*
 * The slot of a stack, made where it is new. The map's keys are 64 bits of the id's 128: where two ids share them the
 * second moves on to a key of its own, so that no two stacks are ever taken for one.
 */
static struct stack_slot *slot_for(struct capture *c, const struct stack_id *id, bool *is_new)
{
	uint64_t key = id->hash;
	struct stack_slot *slot;
	uint64_t *index;

	for (;;) {
		index = u64map_at(&c->slot_of, key, is_new);
		if (*is_new)
			break;
		slot = &c->slots[*index];
		if (slot->id.hash == id->hash && slot->id.check == id->check)
			return slot;
		key = u64_mix(key, 1);
	}
	*index = c->n_slots;
	ARRAY_GROW(c->slots, c->n_slots + 1, c->alloc_slots);
	slot = &c->slots[c->n_slots++];
	*slot = (struct stack_slot){.id = *id, .same_as = (uint32_t)(c->n_slots - 1)};
	return slot;
}

/* Finds another slot of the same addresses. */
static void join_slot(struct capture *c, struct stack_slot *slot)
{
	size_t bytes = slot->depth * sizeof(*c->pcs);
	uint64_t key = bytes_hash(c->pcs + slot->first, bytes) + slot->flags;
	const struct stack_slot *other;
	uint64_t *index;
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		index = u64map_at(&c->c_slot_of, key, &is_new);
		if (is_new) {
			*index = (uint64_t)(slot - c->slots);
			return;
		}
		other = &c->slots[*index];
		if (other->depth == slot->depth && other->flags == slot->flags &&
		    memcmp(c->pcs + other->first, c->pcs + slot->first, bytes) == 0)
			break;
	}
	c->n_pcs = slot->first; /* they are the last ones */
	slot->first = other->first;
	slot->same_as = (uint32_t)*index;
	c->has_same = true;
}

static void on_stack(void *ctx, const void *data, size_t size)
{
	struct capture *c = ctx;
	const struct stack_record *record = data;
	struct c_spliced spliced;
	struct stack_slot *slot;
	bool is_new;

	if (c_stacks_take_copy(c->c_stacks, data, size)) {
		c_stacks_tell_first(c->c_stacks, &c->skel->data->c_code);
		return;
	}
	if (!stack_record_is_whole(record, size))
		return;
	slot = slot_for(c, &record->id, &is_new);
	if (slot->depth && !slot->lacks_copy) { /* two CPUs saw it first */
		c_stacks_drop(c->c_stacks, &record->id);
		return;
	}
	c_stacks_splice(c->c_stacks, record, &spliced);
	slot->first = (uint32_t)c->n_pcs;
	slot->flags = record->flags;
	slot->depth = spliced.depth;
	ARRAY_GROW(c->pcs, c->n_pcs + spliced.depth, c->alloc_pcs);
	memcpy(c->pcs + c->n_pcs, spliced.pcs, spliced.depth * sizeof(*c->pcs));
	c->n_pcs += spliced.depth;
	slot->lacks_copy = spliced.lacks_copy;
	if (spliced.has_c && !spliced.lacks_copy)
		join_slot(c, slot);
}

int capture_new(struct capture **out, const struct go_binary *bin, const struct alloc_entries *entries,
		const struct capture_options *options, struct error *err)
{
	struct capture *c = xcalloc(1, sizeof(*c));
	struct alloc_settings settings;
	int ret;

	*out = NULL;
	c->bin = bin;
	c->entries = entries;
	c->method = options->method;
	c->is_launch = options->is_launch;
	c->modules = options->modules;
	c->n_modules = options->n_modules;
	ARRAY_GROW(c->attachments, 1 + c->n_modules, c->alloc_attachments);
	c->c_stacks = c_stacks_new(bin);
	alloc_settings_init(&settings, bin, entries, options);
	ret = alloc_programs_load(&c->skel, &settings, err);
	if (ret)
		goto fail;
	ret = stack_ring_new(&c->ring, bpf_map__fd(c->skel->maps.stacks), on_stack, c, err);
	if (ret)
		goto fail;
	*out = c;
	return 0;
fail:
	capture_free(c);
	return ret;
}

/* Attaches to the allocator entries of one file and, where a start is given, to the beginning of the program. */
static int attach_entries(struct capture *c, pid_t pid, const struct go_binary *bin,
			  const struct alloc_entries *entries, uint64_t displacement, const elf_offset *start,
			  struct error *err)
{
	size_t n = entries->n;
	elf_offset *offsets = xcalloc(n + 1, sizeof(*offsets));
	uint64_t *cookies = xcalloc(n + 1, sizeof(*cookies));
	int ret;

	for (size_t i = 0; i < n; i++) {
		const struct alloc_entry *entry = &entries->items[i];

		offsets[i] = entry->offset;
		cookies[i] = ((entry->point.vaddr + displacement) & COOKIE_VADDR_MASK) |
			     (entry->point.class == POINT_JCC ? COOKIE_POINT_IS_JCC : 0) |
			     (entry->is_partial ? COOKIE_IS_PARTIAL : 0);
	}
	if (start) {
		offsets[n] = *start;
		cookies[n++] = COOKIE_IS_START;
	}
	ret = attachment_new(&c->attachments[c->n_attachments], c->method, c->skel->progs.on_alloc,
			     c->skel->maps.counters, elf_image_fd(go_binary_image(bin)), pid, offsets, cookies, n, err);
	if (ret == 0)
		c->n_attachments++;
	free(offsets);
	free(cookies);
	return ret;
}

/* A plugin has its own ways between Go and C. */
static void learn_plugin(struct capture *c, const struct capture_module *m)
{
	struct callback_code *plugin = c->skel->bss->plugins, found;
	__u64 frame;

	if (!kernel_find_callback(&found, &frame, m->bin))
		return;
	c_stacks_add_plugin(c->c_stacks, m->bin, m->displacement);
	for (size_t i = 0; i < PLUGINS_MAX; i++, plugin++) {
		if (plugin->cgocallback_size)
			continue;
		found.cgocallback_start += m->displacement;
		found.systemstack_switch_start += m->displacement;
		found.goexit_start += m->displacement;
		*plugin = found;
		__atomic_store_n(&c->skel->bss->roots_mask, UINT64_MAX, __ATOMIC_RELEASE);
		return;
	}
}

int capture_attach(struct capture *c, pid_t pid, struct error *err)
{
	elf_offset start;
	bool watch = pid && kernel_start_offset(c->bin, &start);
	int ret;

	c_stacks_watch(c->c_stacks, pid, c->is_launch);
	c_stacks_refresh(c->c_stacks, &c->skel->data->c_code);
	ret = attach_entries(c, pid, c->bin, c->entries, 0, watch ? &start : NULL, err);
	for (size_t i = 0; i < c->n_modules && ret == 0; i++) {
		const struct capture_module *m = &c->modules[i];

		learn_plugin(c, m);
		ret = attach_entries(c, pid, m->bin, m->entries, m->displacement, NULL, err);
	}
	__atomic_store_n(&c->skel->bss->ended, 0, __ATOMIC_SEQ_CST);
	if (capture_has_ended(c)) /* while the probes were put in place */
		__atomic_store_n(&c->skel->bss->ended, 1, __ATOMIC_SEQ_CST);
	return ret;
}

int capture_add_module(struct capture *c, pid_t pid, const struct capture_module *module, struct error *err)
{
	/* One more than there are: attach_entries adds it. */
	ARRAY_GROW(c->attachments, c->n_attachments + 1, c->alloc_attachments);
	learn_plugin(c, module);
	return attach_entries(c, pid, module->bin, module->entries, module->displacement, NULL, err);
}

bool capture_has_begun(const struct capture *c)
{
	return __atomic_load_n(&c->skel->bss->starts, __ATOMIC_RELAXED) > 0;
}

bool capture_has_ended(const struct capture *c)
{
	return __atomic_load_n(&c->skel->bss->starts, __ATOMIC_RELAXED) > c->is_launch;
}

bool capture_is_armed(const struct capture *c)
{
	for (size_t i = 0; i < c->n_attachments; i++) {
		if (!attachment_is_live(c->attachments[i]))
			return false;
	}
	return c->n_attachments > 0;
}

/* Arms the reach probes that are still of use; the old link goes once the new one stands, so that no call slips through
 * between. */
static int arm_reach(struct capture *c, struct error *err)
{
	struct reach_set *r = &c->reach;
	elf_offset *offsets = xcalloc(r->n, sizeof(*offsets));
	uint64_t *cookies = xcalloc(r->n, sizeof(*cookies));
	struct attachment *fresh = NULL;
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->reached[i])
			continue;
		offsets[n] = r->offsets[i];
		cookies[n++] = i;
	}
	if (n)
		ret = attachment_new(&fresh, c->method, c->skel->progs.on_reach, c->skel->maps.counters,
				     elf_image_fd(go_binary_image(c->bin)), r->pid, offsets, cookies, n, err);
	if (ret == 0) {
		attachment_free(r->attachment);
		r->attachment = fresh;
	}
	free(offsets);
	free(cookies);
	return ret;
}

int capture_attach_reach(struct capture *c, pid_t pid, const elf_vaddr *calls, size_t n, struct error *err)
{
	struct reach_set *r = &c->reach;
	const struct bpf_map *map = c->skel->maps.reached;
	void *memory;

	if (n > bpf_map__max_entries(map))
		return error_set(err, -E2BIG,
				 "probe: failed to arm %zu reach probes: at most %u are possible; narrow --reach", n,
				 bpf_map__max_entries(map));
	r->map_bytes = (size_t)bpf_map__max_entries(map) * sizeof(uint64_t);
	memory = mmap(NULL, r->map_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		return error_set(err, -errno, "probe: failed to map the reach table: %s", reason_text(errno));
	r->map = memory;
	r->pid = pid;
	r->n = n;
	r->offsets = xcalloc(n, sizeof(*r->offsets));
	r->reached = xcalloc(n, 1);
	for (size_t i = 0; i < n; i++) {
		if (!elf_image_vaddr_to_offset(go_binary_image(c->bin), calls[i], &r->offsets[i]))
			return error_set(err, -EINVAL,
					 "probe: failed to place a reach probe at 0x%" PRIx64 ": not in the file",
					 calls[i]);
	}
	return arm_reach(c, err);
}

/* Takes note of what was hit. Returns how many hits told nothing new since the last time probes were retired. */
static uint64_t collect_reached(struct capture *c)
{
	struct reach_set *r = &c->reach;
	uint64_t hits = 0, first = 0;

	for (size_t i = 0; i < r->n; i++) {
		uint64_t n = r->map[i];

		hits += n;
		first += n != 0;
		if (n)
			r->reached[i] = 1;
	}
	return hits - first - r->wasted;
}

int capture_fd(const struct capture *c)
{
	return stack_ring_fd(c->ring);
}

int capture_drain(struct capture *c, struct error *err)
{
	int ret = stack_ring_drain_some(c->ring, err);

	if (ret)
		return ret;
	c_stacks_refresh(c->c_stacks, &c->skel->data->c_code);
	/*
	 * Retiring probes means to put all the others in again, so it has to be worth it. Where it fails, because the
	 * process just ended or for any other reason, the old ones stay in place and the evidence is as good.
	 */
	if (c->reach.attachment) {
		uint64_t wasted = collect_reached(c);

		if (wasted > REACH_WASTE_MAX && arm_reach(c, NULL) == 0)
			c->reach.wasted += wasted;
	}
	return 0;
}

void capture_detach(struct capture *c)
{
	if (c->skel)
		__atomic_store_n(&c->skel->bss->ended, 1, __ATOMIC_RELEASE);
	while (c->n_attachments)
		attachment_free(c->attachments[--c->n_attachments]);
	attachment_free(c->reach.attachment);
	c->reach.attachment = NULL;
}

static void add_observations(struct capture *c, const struct observation_key *keys,
			     const struct observation_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct raw_observation *obs;
		bool is_new; /* counted, but its addresses never came through the ring: depth stays 0 */

		ARRAY_GROW(c->observations, c->n_observations + 1, c->alloc_observations);
		obs = &c->observations[c->n_observations++];
		*obs = (struct raw_observation){.stack = (uint32_t)(slot_for(c, &keys[i].stack, &is_new) - c->slots)};
		obs->type = keys[i].type;
		obs->objects = values[i].objects;
		obs->bytes = values[i].bytes;
		obs->smallest = values[i].smallest;
		obs->largest = values[i].largest;
	}
}

static int read_map(struct capture *c, int fd, struct error *err)
{
	struct observation_key *keys = xcalloc(BATCH, sizeof(*keys));
	struct observation_value *values = xcalloc(BATCH, sizeof(*values));
	uint64_t position = 0; /* the kernel's own idea of where a batch ended; u32 for hash maps */
	void *in = NULL;
	uint32_t n;
	int ret;

	do {
		n = BATCH;
		ret = bpf_map_lookup_batch(fd, in, &position, keys, values, &n, NULL);
		if (ret == 0 || ret == -ENOENT) /* -ENOENT: that was the last batch */
			add_observations(c, keys, values, n);
		in = &position;
	} while (ret == 0);
	if (ret == -ENOENT)
		ret = 0;
	else
		error_set(err, ret, "probe: failed to read the observations: %s", reason_text(ret));
	free(keys);
	free(values);
	return ret;
}

/* The end of a window, a part of one, or a look at it while it lasts. */
enum taking { TAKE_ALL, TAKE_CUT, TAKE_PEEK };

/* What of an observation was given before; made where it is new. */
static struct given *given_for(struct capture *c, uint32_t stack, elf_vaddr type)
{
	uint64_t key = u64_mix(stack, type);
	struct given *given;
	uint64_t *index;
	bool is_new;

	for (;;) {
		index = u64map_at(&c->given_of, key, &is_new);
		if (is_new)
			break;
		given = &c->given[*index];
		if (given->stack == stack && given->type == type)
			return given;
		key = u64_mix(key, 1);
	}
	*index = c->n_given;
	ARRAY_GROW(c->given, c->n_given + 1, c->alloc_given);
	given = &c->given[c->n_given++];
	*given = (struct given){.stack = stack, .type = type};
	return given;
}

/*
 * Takes off what was given before, and remembers what is given now. While hits go on, a count may be ahead of its bytes
 * and of its stack's way through the ring: bytes without an object and observations without a stack wait for the next
 * result.
 */
static void give(struct capture *c, enum taking taking)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_observations; i++) {
		struct raw_observation obs = c->observations[i];
		struct given *given;

		if (taking != TAKE_ALL && !c->slots[obs.stack].depth)
			continue;
		given = given_for(c, obs.stack, obs.type);
		if (obs.objects == given->objects)
			continue;
		obs.objects -= given->objects;
		obs.bytes -= given->bytes;
		if (taking != TAKE_PEEK) {
			given->objects += obs.objects;
			given->bytes += obs.bytes;
		}
		c->observations[kept++] = obs;
	}
	c->n_observations = kept;
}

/* Puts together what was counted of one stack under several ids. */
static void join_observations(struct capture *c)
{
	struct u64map index_of = U64MAP_INIT;
	size_t kept = 0;

	for (size_t i = 0; c->has_same && i < c->n_observations; i++) {
		struct raw_observation obs = c->observations[i], *first;
		uint64_t key, *index;
		bool is_new;

		obs.stack = c->slots[obs.stack].same_as;
		key = u64_mix(obs.stack, obs.type);
		for (;; key = u64_mix(key, 1)) {
			index = u64map_at(&index_of, key, &is_new);
			if (is_new)
				break;
			first = &c->observations[*index];
			if (first->stack == obs.stack && first->type == obs.type)
				break;
		}
		if (is_new) {
			*index = kept;
			c->observations[kept++] = obs;
			continue;
		}
		first->objects += obs.objects;
		first->bytes += obs.bytes;
		first->smallest = obs.smallest < first->smallest ? obs.smallest : first->smallest;
		first->largest = obs.largest > first->largest ? obs.largest : first->largest;
	}
	if (c->has_same)
		c->n_observations = kept;
	u64map_release(&index_of);
}

static int take(struct capture *c, enum taking taking, struct capture_result *out, struct recording *rec,
		struct error *err)
{
	uint64_t totals[COUNTER_MAX];
	size_t n_stacks = 0;
	int ret;

	c->n_observations = 0;
	ret = read_map(c, bpf_map__fd(c->skel->maps.observations), err);
	if (ret == 0)
		ret = read_map(c, bpf_map__fd(c->skel->maps.observations_short), err);
	if (ret == 0)
		ret = kernel_sum_cpus(bpf_map__fd(c->skel->maps.counters), COUNTER_MAX, 1, totals, err);
	if (ret == 0)
		ret = kernel_add_scratch(bpf_map__fd(c->skel->maps.scratch_map), totals, err);
	if (ret)
		return ret;
	/* After the counts, so that it holds the stacks of all that was counted but for a hit under way. */
	ret = stack_ring_drain(c->ring, err);
	if (ret)
		return ret;
	if (taking != TAKE_ALL || c->n_given)
		give(c, taking);
	if (taking != TAKE_ALL) {
		/* Hits in flight make the counter run ahead of the observations. */
		totals[COUNTER_HITS] = c->given_totals[COUNTER_HITS];
		for (size_t i = 0; i < c->n_observations; i++)
			totals[COUNTER_HITS] += c->observations[i].objects;
	}
	join_observations(c);
	for (int i = 0; i < COUNTER_MAX; i++) {
		uint64_t total = totals[i];

		totals[i] -= c->given_totals[i];
		if (taking == TAKE_CUT)
			c->given_totals[i] = total;
	}

	free(c->stacks);
	c->stacks = xcalloc(c->n_slots, sizeof(*c->stacks));
	for (size_t i = 0; i < c->n_slots; i++) {
		c->stacks[i].pcs = c->pcs + c->slots[i].first;
		c->stacks[i].depth = c->slots[i].depth;
		c->stacks[i].truncated = c->slots[i].flags != 0;
	}
	if (c->reach.map)
		collect_reached(c);
	kernel_add_losses(rec, totals);
	for (size_t i = 0; i < c->n_slots; i++)
		n_stacks += c->slots[i].same_as == i;
	*out = (struct capture_result){
		.raw = {.stacks = c->stacks,
			.n_stacks = c->n_slots,
			.n_different = n_stacks,
			.observations = c->observations,
			.n_observations = c->n_observations},
		.hits = totals[COUNTER_HITS],
		.bytes = totals[COUNTER_BYTES],
		.zero_size = totals[COUNTER_ZERO_SIZE],
		.shortened = totals[COUNTER_SHORTENED],
		.reached = c->reach.reached,
		.n_reached = c->reach.n,
	};
	c_stacks_lend(c->c_stacks, &out->raw);
	return 0;
}

int capture_read(struct capture *c, struct capture_result *out, struct recording *rec, struct error *err)
{
	return take(c, TAKE_ALL, out, rec, err);
}

int capture_cut(struct capture *c, struct capture_result *out, struct recording *rec, struct error *err)
{
	return take(c, TAKE_CUT, out, rec, err);
}

int capture_peek(struct capture *c, struct capture_result *out, struct recording *rec, struct error *err)
{
	return take(c, TAKE_PEEK, out, rec, err);
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	capture_detach(c);
	if (c->reach.map)
		munmap((void *)(uintptr_t)c->reach.map, c->reach.map_bytes);
	free(c->reach.offsets);
	free(c->reach.reached);
	stack_ring_free(c->ring);
	alloc_bpf__destroy(c->skel);
	free(c->slots);
	free(c->pcs);
	u64map_release(&c->slot_of);
	u64map_release(&c->c_slot_of);
	c_stacks_free(c->c_stacks);
	free(c->given);
	u64map_release(&c->given_of);
	free(c->attachments);
	free(c->stacks);
	free(c->observations);
	free(c);
}
